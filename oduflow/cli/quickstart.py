"""`oduflow quickstart`: set up a machine and create a first environment."""

import getpass
import os
import signal
import sys
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import click

from oduflow import bootstrap
from oduflow.adapters.docker.errors import EngineUnreachable
from oduflow.adapters.docker.install import install_engine
from oduflow.adapters.pool.report import state_of_all
from oduflow.cli.failures import exit_on_failure, exit_with_error, failed_envelope
from oduflow.cli.images import image_references
from oduflow.cli.options import config_option, load_or_write
from oduflow.cli.serve import hold_server_lock, run_server, set_up_logging
from oduflow.cli.terminal import echo
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.hosts import join_host_port
from oduflow.domain.job import Job, progress_text
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView
from oduflow.domain.sample import sample_url
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import Runner
from oduflow.services.server.first_environment import ENVIRONMENT, TEMPLATE, first_environment
from oduflow.services.storage.setup import set_up_storage
from oduflow.settings import Settings


@click.command()
@config_option
def quickstart(config: Path | None) -> None:
    """Install Docker and the images, write a configuration, serve, and create an environment.

    It changes nothing that exists, so it can be run again. With `sample = false` it creates only
    the template. It serves in the foreground; Ctrl-C ends it and keeps what it created.
    """
    with exit_on_failure():
        settings = load_or_write(config, server={"sample": True})
        set_up_logging()
        new = not (settings.server.data_dir / "oduflow.db").exists()
        services = bootstrap.build(settings)
        try:
            services.engine.ping()
        except EngineUnreachable:
            install_engine(echo)
        for reference in image_references(settings):
            services.deps.engine.images.ensure(reference, echo)
        if new and settings.storage.clone != "copy":
            _set_up_storage(services)
        failures: list[ErrorView] = []
        with hold_server_lock(services):
            create = partial(_create_first_environment, settings, services, failures)
            run_server(settings, services, create)
        for failure in failures:
            exit_with_error(failure)


def _set_up_storage(services: bootstrap.Services) -> None:
    """Make the pool of a new data folder; without one files are copied, which is said."""
    try:
        state = set_up_storage(services.deps, echo)
    except Failure as failure:
        state = state_of_all(services.deps.infrastructure.pools)
        echo(f"storage: no pool: {failure.message}\n  → {failure.hint}", err=True)
    echo(f"storage: clone: {state.text}", err=True)


def _create_first_environment(
    settings: Settings, services: bootstrap.Services, failures: list[ErrorView]
) -> None:
    """Create the template and the environment while the server runs; stop it on a failure."""
    actor = Actor(next(iter(settings.teams)), ActorKind.CLI, getpass.getuser())
    try:
        services.deps.infrastructure.ensure()
        made = _create(settings, services.runner, actor)
    except Failure as failure:
        made = failed_envelope(failure)
    if made.error is not None and made.error.kind is Kind.CONFLICT:
        echo(f"{made.error.kind}: {made.error.message}\n  → {made.error.hint}", err=True)
        _print_addresses(settings, None)
    elif made.error is not None:
        failures.append(made.error)
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _print_addresses(settings, getattr(made.data, "url", None))


def _create(settings: Settings, runner: Runner, actor: Actor) -> Envelope[Any]:
    """Create the template and, unless `sample = false`, the sample environment."""
    if settings.server.sample:
        return first_environment(runner, actor, sample_url(settings.server.port), _show)
    template = {"name": TEMPLATE}
    return runner.call(
        "create_template", template, actor, Origin("cli"), wait=inf, on_progress=_show
    )


def _show(job: Job) -> None:
    if job.status not in FINISHED:  # its last step was shown
        echo(f"{job.operation} {job.target}: {progress_text(job)}")


def _print_addresses(settings: Settings, environment: str | None) -> None:
    server = settings.server
    host = "localhost" if server.loopback_only else server.host
    address = f"http://{join_host_port(host, server.port)}"
    odoo = f"{environment}web/login   (oduflow login {ENVIRONMENT})"
    if environment is None:
        odoo = "oduflow create NAME https://HOST/OWNER/REPOSITORY.git"
    file = settings.source or "oduflow.toml"
    sys.stdout.write(
        f"""
Odoo        {odoo}
Dashboard   {address}/   (user admin, password: ui_password in {file})
MCP         {address}/mcp   (Bearer: auth_token in {file})

Connect Claude Code:
  export ODUFLOW_TOKEN="$(grep -m1 auth_token {file} | cut -d'"' -f2)"
  claude mcp add --transport http oduflow {address}/mcp \\
    --header 'Authorization: Bearer ${{ODUFLOW_TOKEN}}'

Serving until Ctrl-C.
"""
    )
    sys.stdout.flush()
