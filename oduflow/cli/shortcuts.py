"""The short names of the operations that people use daily: `oduflow ls`, `oduflow logs -f`."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from time import sleep
from typing import Any, NoReturn

import click

from oduflow.cli.arguments import read_arguments
from oduflow.cli.call import run_operation
from oduflow.cli.caller import CallOptions, OperationCaller, call_options
from oduflow.cli.changes import print_changes
from oduflow.cli.commands import SHORTCUTS
from oduflow.cli.completion import OperationCommand, complete_arguments
from oduflow.cli.failures import EXIT_CODES, INTERRUPTED, Interrupted, exit_on_failure
from oduflow.cli.render import print_result
from oduflow.cli.terminal import echo
from oduflow.cli.tools import print_help
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Envelope, Status

FOLLOW = "follow"  # the field that asks for the end of a log only
FOLLOW_SECONDS = 1.0
_TO_REACH: Mapping[str, str] = {  # the command that leads to a URL, or shows when there is one
    EnvironmentState.STOPPED: "oduflow start {}",
    EnvironmentState.CREATING: "oduflow ps --active",
}
GAP = "…"  # printed where lines may be missing: more were added than an answer shows


def shortcut(name: str) -> click.Command:
    """Return the command of that name."""
    about = SHORTCUTS[name]

    def run(
        arguments: tuple[str, ...],
        *,
        wants_help: bool,
        follow: bool = False,
        **options: Any,
    ) -> None:
        with exit_on_failure():
            chosen = CallOptions(**options)
            if wants_help:
                print_help(chosen.described(about.tool), f"oduflow {name}")
                return
            caller = chosen.caller()
            if follow:
                _follow(caller, arguments)
            answer = run_operation(caller, about.tool, arguments, yes=chosen.yes)
            if name == "open" and answer.error is None:
                sys.exit(_open(answer))
            if name == "diff" and answer.status is Status.OK and not chosen.as_json:
                sys.exit(print_changes(caller, answer, chosen.repeated))
            sys.exit(print_result(answer, as_json=chosen.as_json, options=chosen.repeated))

    decorated: Callable[..., None] = run
    if name == "logs":
        decorated = click.option(
            "--follow", "-f", is_flag=True, help="Print new lines until Ctrl-C."
        )(decorated)
    decorated = click.option(
        "--help", "-h", "wants_help", is_flag=True, help="Show the operation's fields."
    )(decorated)
    decorated = click.argument(
        "arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=complete_arguments
    )(call_options(decorated))
    return click.command(
        name,
        cls=OperationCommand,
        help=about.help,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True},
        add_help_option=False,
    )(decorated)


def _data(answer: Envelope[Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer.model_dump(mode="json").get("data") or {}
    return found


def _open(answer: Envelope[Any]) -> int:
    """Print the URL, and open it at a person's desktop; return the exit code."""
    found = _data(answer)
    if not found.get("url"):
        name, state = found.get("name"), str(found.get("state"))
        known = state in list(EnvironmentState)
        said = EnvironmentState(state).sentence if known else f"is {state}"
        echo(f"{name} {said} and has no URL.", err=True)
        echo(f"  → {_TO_REACH.get(state, 'oduflow show {}  # says why').format(name)}", err=True)
        return EXIT_CODES[Kind.CONFLICT]
    echo(found["url"])
    has_desktop = sys.platform == "darwin" or shutil.which("xdg-open")
    if sys.stdout.isatty() and has_desktop and is_web_page(found["url"]):
        click.launch(found["url"])
    return 0


def is_web_page(url: str) -> bool:
    """Whether a URL opens a browser: a server could name a file or another program's scheme."""
    return url.startswith(("http://", "https://"))


def _follow(caller: OperationCaller, words: Sequence[str]) -> NoReturn:
    """Print the log, then each line that is added to it, until Ctrl-C."""
    tool = caller.tool(SHORTCUTS["logs"].tool)
    raw = read_arguments(tool.name, tool.fields, words, caller.options)
    if FOLLOW in tool.fields:  # a server of an earlier version has no such field
        raw = {**raw, FOLLOW: True}
    shown: list[str] = []
    try:
        while True:
            lines = str(_data(caller.call(tool, raw, _no_progress)).get("log", "")).splitlines()
            added = added_lines(shown, lines)
            if shown and added == lines:
                echo(GAP)
            for line in added:
                echo(line)
            sys.stdout.flush()
            shown = lines or shown
            sleep(FOLLOW_SECONDS)
    except (Interrupted, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


def _no_progress(_step: str) -> None:
    """Show nothing: the log is the progress."""


def added_lines(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """Return the lines of `now` after the longest end of `before` that `now` begins with.

    Both are ends of the same growing log. All of `now` is new when more was added than an answer
    shows, or when the log began anew.
    """
    for common in range(min(len(before), len(now)), 0, -1):
        if before[-common:] == now[:common]:
            return now[common:]
    return now
