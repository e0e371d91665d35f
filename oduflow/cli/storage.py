"""`oduflow storage`: the pools in which environments share blocks with their template."""

import sys
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.cli.failures import EXIT_CODES, exit_on_failure
from oduflow.cli.options import config_option
from oduflow.cli.terminal import echo
from oduflow.domain.counting import counted
from oduflow.domain.errors import Kind, NotFound
from oduflow.domain.storage import CloneState
from oduflow.services.storage.limits import disk_text
from oduflow.services.storage.move import move_into_pool
from oduflow.services.storage.outside import clone_state
from oduflow.services.storage.setup import set_up_storage
from oduflow.settings import load


@click.group()
def storage() -> None:
    """Make the pools, which share blocks and limit teams; move what exists into them."""


@storage.command()
@config_option
def setup(config: Path | None) -> None:
    """Make, mount and check a pool for each team; the server may run.

    This makes an XFS image of 1 GiB for each team in the data folder. It grows while it is used, up
    to the team's limit, and the server mounts it when it starts. Templates, environments and
    databases that exist stay where they are until `oduflow storage move`; new ones are made in the
    pools.
    """
    with exit_on_failure():
        services = bootstrap.build(load(config))
        _show(set_up_storage(services.deps, lambda line: echo(line, err=True)))


@storage.command()
@config_option
@click.option("--team", help="Only this team; default: every team.")
def move(config: Path | None, team: str | None) -> None:
    """Move databases, templates and environments that exist into the pools; the server may run.

    One team after the other: its files are copied while it works, then its environments and its
    PostgreSQL stop, what has changed is copied, every file is compared, and they start again. A
    move that was interrupted or killed leaves each volume whole; call again to move the others.
    """
    with exit_on_failure():
        services = bootstrap.build(load(config))
        if team is not None and team not in services.settings.teams:
            raise NotFound(
                f"Team {team} is not configured.",
                f"Teams: {', '.join(sorted(services.settings.teams))}.",
            )
        services.store.migrate()
        moved = move_into_pool(services.deps, team, lambda line: echo(line, err=True))
        echo(f"moved {counted(moved, 'volume')} into the pool")


@storage.command()
@config_option
def show(config: Path | None) -> None:
    """Say how environments are cloned, and what each team fills and may fill; changes nothing."""
    with exit_on_failure():
        deps = bootstrap.build(load(config)).deps
        state = clone_state(deps.naming, deps.engine.volumes, deps.infrastructure.pools)
        _show(state)
        if (deps.naming.data_dir / "oduflow.db").exists():
            for team in deps.settings.teams:
                echo(f"disk of {team}: {disk_text(deps, team) or 'not measured yet'}")
        if not state.ok:
            sys.exit(EXIT_CODES[Kind.CONFLICT])


def _show(state: CloneState) -> None:
    echo(f"clone: {state.text}")
    if state.hint:
        echo(f"  → {state.hint}")
