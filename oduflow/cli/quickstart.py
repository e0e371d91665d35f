"""`oduflow quickstart`: from a bare machine to a first environment."""

import getpass
import os
import signal
import sys
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.adapters.docker.errors import EngineUnreachable
from oduflow.adapters.docker.install import install_engine
from oduflow.cli.failures import told
from oduflow.cli.images import wanted
from oduflow.cli.options import config_option
from oduflow.cli.serve import only_server, run, set_up_logging
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Failure
from oduflow.domain.job import Job
from oduflow.kernel.runner import standing
from oduflow.services.first_environment import first_environment, sample_url
from oduflow.settings import NoSettings, Settings, load, write_fresh


@click.command(short_help="From a bare machine to a first environment.")
@config_option
def quickstart(config: Path | None) -> None:
    """Bring an engine and the images, write a configuration, serve, and make a first environment.

    Everything is left alone where it is there already, so this is also the way to start again.
    It serves in the foreground; Ctrl-C ends it, and what it made stays.
    """
    with told():
        settings = _settings(config)
        set_up_logging()
        services = bootstrap.build(settings)
        try:
            services.engine.ping()
        except EngineUnreachable:
            install_engine(click.echo)
        for reference in wanted(settings):
            services.deps.images.ensure(reference, click.echo)
        failures: list[Failure] = []
        with only_server(services):
            run(settings, services, lambda: _first(settings, services, failures))
        for failure in failures:
            raise failure


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except NoSettings as missing:
        place = missing.searched[0]
        click.echo(f"Writing {place} with fresh secrets, readable by you alone.")
        return write_fresh(place, server={"sample": True})


def _first(settings: Settings, services: bootstrap.Services, failures: list[Failure]) -> None:
    """Make the first environment beside the running server; end the server when that fails."""
    actor = Actor(next(iter(settings.teams)), ActorKind.CLI, getpass.getuser())
    try:
        services.deps.infrastructure.ensure(click.echo)
        made = first_environment(services.runner, actor, sample_url(settings.server.port), _show)
    except Failure as failure:
        failures.append(failure)
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _print_addresses(settings, str(made.data.url) if made.data else "")


def _show(job: Job) -> None:
    click.echo(f"{job.operation} {job.target}: {standing(job)}")


def _print_addresses(settings: Settings, environment: str) -> None:
    server = settings.server
    address = f"http://{'localhost' if server.loopback_only else server.host}:{server.port}"
    where = settings.source or "oduflow.toml"
    sys.stdout.write(
        f"""
Odoo        {environment}web/login   (oduflow call get_environment_login demo)
Dashboard   {address}/   (user admin, password: ui_password in {where})
MCP         {address}/mcp   (Bearer: auth_token in {where})

Connect Claude Code:
  claude mcp add --transport http oduflow {address}/mcp \\
    --header "Authorization: Bearer $(grep -m1 auth_token {where} | cut -d'"' -f2)"

Serving until Ctrl-C.
"""
    )
    sys.stdout.flush()
