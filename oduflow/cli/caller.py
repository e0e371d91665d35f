"""Call operations in this process or on the server of --url, behind one interface."""

import getpass
import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import click

from oduflow import bootstrap
from oduflow.cli.interruption import cancel_on_interrupt
from oduflow.cli.options import (
    config_option,
    pick_team,
    remote_target,
    team_option,
    token_file_option,
    url_option,
)
from oduflow.cli.render import ShowProgress
from oduflow.cli.schemas import ListedTool, local_tool
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.outcome import Envelope
from oduflow.kernel.call import Origin
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import progress_text
from oduflow.settings import load


class OperationCaller(Protocol):
    """Where operations run: in this process (`LocalCaller`) or on a `RemoteServer`."""

    @property
    def options(self) -> str:
        """The options that choose it, with a space before each; empty for this process."""

    def tool(self, name: str) -> ListedTool:
        """Return an operation.

        Raises:
            NotFound: there is none of that name; the hint names the closest.
        """

    def call(self, tool: ListedTool, raw: Mapping[str, Any], show: ShowProgress) -> Envelope[Any]:
        """Call an operation and wait for its result.

        Raises:
            Failure: the call was refused or failed.
            Interrupted: Ctrl-C.
        """

    def image(self, handle: str) -> bytes | None:
        """Return an image that an answer has named; None if it is gone.

        Raises:
            Failure: the call was refused or failed.
        """


class LocalCaller:
    """Calls operations in this process, for a team of the configuration."""

    options = ""

    def __init__(self, config: Path | None, team: str | None) -> None:
        """Load the configuration and migrate the store.

        Raises:
            BadSettings: the configuration is wrong.
            Failure: the team is unknown or missing, or the store cannot be used.
        """
        settings = load(config)
        self.actor = Actor(pick_team(settings, team), ActorKind.CLI, getpass.getuser())
        self.services = bootstrap.build(settings)
        self.services.store.migrate()

    def tool(self, name: str) -> ListedTool:
        """Return an operation of this process."""
        return local_tool(self.services.registry.get(name))

    def call(self, tool: ListedTool, raw: Mapping[str, Any], show: ShowProgress) -> Envelope[Any]:
        """Call an operation; Ctrl-C cancels its job."""
        runner = self.services.runner

        def work(show: ShowProgress) -> Envelope[Any]:
            return runner.call(
                tool.name,
                raw,
                self.actor,
                Origin("cli"),
                wait=math.inf,
                on_progress=lambda job: show(progress_text(job)),
            )

        slow = self.services.registry.get(tool.name).slow
        return cancel_on_interrupt(runner.jobs, self.actor.team, work)(show) if slow else work(show)

    def image(self, handle: str) -> bytes | None:
        """Return an image that an answer has named; None if it is gone."""
        return self.services.runner.image(self.actor.team, handle)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of every command that runs an operation."""

    as_json: bool
    yes: bool
    url: str | None
    token_file: Path | None
    team: str | None
    config: Path | None

    @property
    def repeated(self) -> str:
        """The options that choose the server or the team, for commands that a result suggests."""
        chosen = {
            "url": self.url,
            "token-file": self.token_file,
            "team": self.team,
            "config": self.config,
        }
        given = {name: str(value) for name, value in chosen.items() if value is not None}
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items())

    def described(self, tool: str) -> ListedTool:
        """Return an operation for its help, which needs no configuration.

        Raises:
            Failure: there is none of that name, or the server of --url cannot be reached.
        """
        server = remote_target(self.url, self.token_file, None, None)
        if server is not None:
            return server.tool(tool)
        return local_tool(Registry.discover(bootstrap.OPERATIONS).get(tool))

    def caller(self) -> OperationCaller:
        """Return the caller that the options choose.

        Raises:
            BadSettings: the configuration is wrong.
            Failure: the options contradict each other, or the token or team is missing.
        """
        server = remote_target(self.url, self.token_file, self.team, self.config)
        return LocalCaller(self.config, self.team) if server is None else server


def call_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `CallOptions` to a command."""
    for option in (
        config_option,
        team_option,
        token_file_option,
        url_option,
        click.option("--yes", "-y", is_flag=True, help="Delete without asking."),
        click.option("--json", "as_json", is_flag=True, help="Print the envelope as JSON."),
    ):
        command = option(command)
    return command
