"""The same instance with another configuration, and quick ways to prepare it."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from oduflow import bootstrap
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.runner import Runner
from oduflow.settings import parse
from tests.support.instances import Instance
from tests.support.server import eventually

SECONDS = 60


@contextlib.contextmanager
def variant(instance: Instance, *changes: tuple[str, str]) -> Iterator[Instance]:
    """Build the services again from the configuration with some texts replaced.

    Data folder, store, locks and Docker objects remain those of the instance.
    """
    text = instance.config.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    config = instance.config.with_name("variant.toml")
    config.write_text(text)
    config.chmod(0o600)
    settings = parse(text, config)
    services = bootstrap.build(settings)
    try:
        yield Instance(instance.name, config, settings, services)
    finally:
        services.store.close()
        services.engine.close()


@contextlib.contextmanager
def held_at(instance: Instance, point: str) -> Iterator[Path]:
    """Hold each process that reaches a step, until the block ends; yield the file that it makes."""
    folder = instance.settings.server.data_dir / "failpoints"
    folder.mkdir(exist_ok=True)
    hold, reached = folder / point, folder / f"{point}.reached"
    hold.touch()
    try:
        yield reached
    finally:
        hold.unlink()
        reached.unlink(missing_ok=True)


def git_host(authority: str) -> tuple[str, str]:
    """Allow git one more host."""
    return "git_allowed_hosts = [", f'git_allowed_hosts = ["{authority}", '


def plan_of(instance: Instance, name: str, team: str = "blue") -> EnvironmentPlan:
    row = instance.services.deps.store.environments.get(team, name)
    assert row is not None, name
    return EnvironmentPlan.of(instance.services.deps.naming, row)


def address_of(instance: Instance, name: str, team: str = "blue") -> str:
    """Return the address of an environment in its team's network."""
    plan = plan_of(instance, name, team)
    facts = instance.services.deps.engine.containers.facts(plan.container)
    assert facts is not None
    return facts.addresses[plan.naming.team_network(team)]


def inside(container: str, program: str, *arguments: str, user: str = "") -> str:
    """Run Python in a container as its own user, or as another."""
    who = ("--user", user) if user else ()
    return docker("exec", *who, container, "python3", "-c", program, *arguments)


def inspected(container: str) -> dict[str, Any]:
    (found,) = json.loads(docker("inspect", container))
    return dict(found)


def pause(container: str) -> None:
    """Pause a container; runc gives up when a process of it has just started another one."""
    eventually(lambda: run_docker("pause", container).returncode == 0, 10, lambda: container)


def docker(*words: str, given: str = "") -> str:
    done = run_docker(*words, given=given)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def run_docker(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *words],
        input=given,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )


def with_git(instance: Instance, git: GitRepositories) -> Instance:
    """Replace the git adapter."""
    services = instance.services
    deps = replace(services.deps, git=replace(services.deps.git, repositories=git))
    runner = Runner(
        services.registry,
        deps,
        locks=deps.work.locks,
        jobs=deps.work.jobs,
        audit=services.audit,
        environments=deps.store.environments,
        grants=services.grants,
        outputs=deps.work.outputs,
    )
    return replace(instance, services=replace(services, deps=deps, runner=runner))


@contextlib.contextmanager
def signed_in(plan: EnvironmentPlan, database: str = "") -> Iterator[psycopg.Connection]:
    """Enter the database as its own Odoo does."""
    password = (plan.secrets / "database_password").read_text()
    connection = psycopg.connect(
        host=str(plan.naming.postgres_folder(plan.team) / "socket"),
        dbname=database or plan.database,
        user=plan.database,
        password=password,
        autocommit=True,
        connect_timeout=10,
    )
    try:
        yield connection
    finally:
        connection.close()
