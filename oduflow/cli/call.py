"""`oduflow call`: run one operation in this process or on a remote server."""

import getpass
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oduflow import bootstrap
from oduflow.cli.arguments import fields_of, read_arguments
from oduflow.cli.failures import Interrupted, exit_on_failure, failed_envelope
from oduflow.cli.interruption import PreparedCall, cancel_on_interrupt
from oduflow.cli.options import (
    config_option,
    pick_team,
    remote_target,
    team_option,
    token_file_option,
    url_option,
)
from oduflow.cli.render import ShowProgress, print_result, progress
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import progress_text
from oduflow.settings import Settings, load

if TYPE_CHECKING:
    from oduflow.cli.remote.server import RemoteServer


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.argument("tool")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print the envelope as JSON.")
@url_option
@token_file_option
@team_option
@config_option
def call(
    tool: str,
    arguments: tuple[str, ...],
    *,
    as_json: bool,
    url: str | None,
    token_file: Path | None,
    team: str | None,
    config: Path | None,
) -> None:
    """Run one operation in this process, or on the server of --url, and wait for its result.

    ARGS are positional in the order that `oduflow tools TOOL` shows, or `--field value`, or one
    JSON object; `-` reads a value from stdin. Repeat an array field for several values.

    \b
      oduflow call list_environments
      oduflow call create_environment shop https://github.com/acme/shop.git main
      oduflow call get_environment_logs shop --level error --lines 50
      oduflow call setup_repo_auth -
      oduflow call list_environments --url https://oduflow.example.com
    """  # noqa: D301 - click looks for the backspace itself
    with exit_on_failure():
        server = remote_target(url, token_file, team, config)
        if server is None:
            prepare = _prepare_local(tool, arguments, load(config), team)
        else:
            prepare = partial(_prepare_remote, server, tool, arguments)
        sys.exit(print_result(_run(tool, prepare), as_json=as_json))


def _prepare_local(
    tool: str, words: Sequence[str], settings: Settings, team: str | None
) -> Callable[[], PreparedCall]:
    actor = Actor(pick_team(settings, team), ActorKind.CLI, getpass.getuser())
    services = bootstrap.build(settings)
    services.store.migrate()

    def prepare() -> PreparedCall:
        operation = services.registry.get(tool)
        raw = read_arguments(tool, fields_of(operation.arguments.model_json_schema()), words)

        def work(show: ShowProgress) -> Envelope[Any]:
            return services.runner.call(
                tool,
                raw,
                actor,
                Origin("cli"),
                wait=math.inf,
                on_progress=lambda job: show(progress_text(job)),
            )

        jobs = services.runner.jobs
        return cancel_on_interrupt(jobs, actor.team, work) if operation.slow else work

    return prepare


def _prepare_remote(server: "RemoteServer", tool: str, words: Sequence[str]) -> PreparedCall:
    found = server.tool(tool)
    raw = read_arguments(tool, fields_of(found.input_schema), words, server.address)
    return partial(server.call, found, raw)


def _run(tool: str, prepare: Callable[[], PreparedCall]) -> Envelope[Any]:
    try:
        work = prepare()  # before the progress line, which would overwrite a prompt
        with progress(tool) as show:
            return work(show)
    except Failure as failure:
        return failed_envelope(failure)
    except KeyboardInterrupt:
        raise Interrupted from None
