"""`oduflow call`: run one operation in this process."""

import getpass
import math
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from oduflow import bootstrap
from oduflow.cli.arguments import read_arguments
from oduflow.cli.failures import EXIT_CODES, leave, told
from oduflow.cli.lines import plain, say
from oduflow.cli.options import config_option, pick_team, team_option
from oduflow.cli.render import render
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Failure
from oduflow.domain.job import Job
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import standing
from oduflow.settings import load


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True},
    short_help="Run one operation: oduflow call TOOL [ARGS].",
)
@click.argument("tool")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print the envelope as JSON.")
@team_option
@config_option
def call(
    tool: str, arguments: tuple[str, ...], *, as_json: bool, team: str | None, config: Path | None
) -> None:
    r"""Run one operation in this process, and wait for it.

    ARGS are positional in the order that `oduflow tools TOOL` shows, or `--field value`, or one
    JSON object; `-` reads a value from stdin. An array field may be given several times.

    \b
      oduflow call list_environments
      oduflow call create_environment shop https://github.com/acme/shop.git main
      oduflow call get_environment_logs shop --level error --lines 50
      oduflow call setup_repo_auth -
    """
    with told():
        settings = load(config)
        actor = Actor(pick_team(settings, team), ActorKind.CLI, getpass.getuser())
        services = bootstrap.build(settings)
        services.store.migrate()
        raw = read_arguments(services.registry.get(tool), arguments)
        sys.exit(_run(services, tool, raw, actor, as_json=as_json))


def _run(
    services: bootstrap.Services, tool: str, raw: dict[str, Any], actor: Actor, *, as_json: bool
) -> int:
    progress = Console(stderr=True)
    with progress.status(Text(f"{tool} …")) as status:

        def show(job: Job) -> None:
            line = f"{tool}: {standing(job)}"
            # A Text, for a str would be markup.
            status.update(Text(plain(line))) if progress.is_terminal else say(line, err=True)

        try:
            envelope = services.runner.call(
                tool, raw, actor, Origin("cli"), wait=math.inf, on_progress=show
            )
        except Failure as failure:
            error = ErrorView.of(failure)
            envelope = Envelope[Nothing](status=Status.FAILED, summary=failure.message, error=error)
    if as_json:
        click.echo(envelope.model_dump_json(exclude_none=True))
        return EXIT_CODES[envelope.error.kind] if envelope.error else 0
    if envelope.error is not None:
        leave(envelope.error)
    render(envelope, Console())
    return 0
