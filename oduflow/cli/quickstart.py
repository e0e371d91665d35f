"""`oduflow quickstart`: from a bare machine to a first environment."""

import getpass
import os
import signal
import sys
from math import inf
from pathlib import Path
from typing import Any

import click

from oduflow import bootstrap
from oduflow.adapters.docker.errors import EngineUnreachable
from oduflow.adapters.docker.install import install_engine
from oduflow.cli.failures import leave, told
from oduflow.cli.images import wanted
from oduflow.cli.lines import say
from oduflow.cli.options import config_option
from oduflow.cli.serve import only_server, run, set_up_logging
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Failure, Kind
from oduflow.domain.hosts import join_host_port
from oduflow.domain.job import Job
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import Runner, standing
from oduflow.services.server.first_environment import (
    ENVIRONMENT,
    TEMPLATE,
    first_environment,
    sample_url,
)
from oduflow.settings import NoSettings, Settings, load, write_fresh


@click.command()
@config_option
def quickstart(config: Path | None) -> None:
    """Bring an engine and the images, write a configuration, serve, and make a first environment.

    Everything is left alone where it is there already, so this is also the way to start again.
    With `sample = false` only the template is made.
    It serves in the foreground; Ctrl-C ends it, and what it made stays.
    """
    with told():
        settings = _settings(config)
        set_up_logging()
        services = bootstrap.build(settings)
        try:
            services.engine.ping()
        except EngineUnreachable:
            install_engine(say)
        for reference in wanted(settings):
            services.deps.images.ensure(reference, say)
        failures: list[ErrorView] = []
        with only_server(services):
            run(settings, services, lambda: _first(settings, services, failures))
        for failure in failures:
            leave(failure)


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except NoSettings as missing:
        place = missing.searched[0]
        click.echo(f"Writing {place} with fresh secrets, readable by you alone.")
        return write_fresh(place, server={"sample": True})


def _first(settings: Settings, services: bootstrap.Services, failures: list[ErrorView]) -> None:
    """Make what comes first beside the running server; end the server when that fails."""
    actor = Actor(next(iter(settings.teams)), ActorKind.CLI, getpass.getuser())
    try:
        services.deps.infrastructure.ensure(say)
        made = _make(settings, services.runner, actor)
    except Failure as failure:
        made = Envelope[Nothing](
            status=Status.FAILED, summary=failure.message, error=ErrorView.of(failure)
        )
    if made.error is not None and made.error.kind is Kind.CONFLICT:
        say(f"{made.error.kind}: {made.error.message}\n  → {made.error.hint}", err=True)
        _print_addresses(settings, None)
    elif made.error is not None:
        failures.append(made.error)
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _print_addresses(settings, getattr(made.data, "url", None))


def _make(settings: Settings, runner: Runner, actor: Actor) -> Envelope[Any]:
    """Make the template and the sample's environment; without the sample, the template alone."""
    if settings.server.sample:
        return first_environment(runner, actor, sample_url(settings.server.port), _show)
    template = {"name": TEMPLATE}
    return runner.call(
        "create_template", template, actor, Origin("cli"), wait=inf, on_progress=_show
    )


def _show(job: Job) -> None:
    say(f"{job.operation} {job.target}: {standing(job)}")


def _print_addresses(settings: Settings, environment: str | None) -> None:
    server = settings.server
    host = "localhost" if server.loopback_only else server.host
    address = f"http://{join_host_port(host, server.port)}"
    odoo = f"{environment}web/login   (oduflow call get_environment_login {ENVIRONMENT})"
    if environment is None:
        odoo = "oduflow call create_environment NAME https://HOST/OWNER/REPOSITORY.git"
    where = settings.source or "oduflow.toml"
    sys.stdout.write(
        f"""
Odoo        {odoo}
Dashboard   {address}/   (user admin, password: ui_password in {where})
MCP         {address}/mcp   (Bearer: auth_token in {where})

Connect Claude Code:
  export ODUFLOW_TOKEN="$(grep -m1 auth_token {where} | cut -d'"' -f2)"
  claude mcp add --transport http oduflow {address}/mcp \\
    --header 'Authorization: Bearer ${{ODUFLOW_TOKEN}}'

Serving until Ctrl-C.
"""
    )
    sys.stdout.flush()
