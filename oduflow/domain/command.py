"""Commands and code that callers run in an environment's container: inputs and views."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from oduflow.domain.environment import EnvironmentName, UndoableChange
from oduflow.domain.limits import between
from oduflow.domain.outcome import Model
from oduflow.domain.sql import without_nul

LAST_LINES = 50  # of the output of a failed command
LONGEST_SECONDS = 3600

Word = Annotated[str, StringConstraints(max_length=50_000), AfterValidator(without_nul)]
Timeout = Annotated[int, between(1, LONGEST_SECONDS), Field(description="In seconds.")]


class RunCommand(EnvironmentName):
    """A program and its arguments."""

    model_config = ConfigDict(str_strip_whitespace=False)

    command: Annotated[
        tuple[Word, ...],
        Field(
            min_length=1,
            max_length=200,
            description="Without a shell.",
            examples=[["odoo", "--version"]],
        ),
    ]
    timeout: Timeout = 60

    @property
    def program(self) -> str:
        """The program without its arguments, which may be secret."""
        return self.command[0]


class Changes(StrEnum):
    """What became of the data that code changed."""

    COMMITTED = "committed"
    NONE = "none"
    PARTLY = "committed, then rolled back"
    ROLLED_BACK = "rolled back"


class CommandView(Model):
    """What a command or code printed, both streams together: untrusted data.

    `value` is that of the code's last expression, `changes` what became of what the code changed.
    """

    model_config = ConfigDict(str_strip_whitespace=False)

    output: str
    seconds: float
    value: str | None = None
    changes: Changes | None = None


class RunOdooShell(UndoableChange):
    """Python code."""

    REPEATABLE: ClassVar[bool] = False

    model_config = ConfigDict(str_strip_whitespace=False)

    code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200_000),
        AfterValidator(without_nul),
        Field(
            description="The value of its last expression is shown.",
            examples=["env['res.partner'].search_count([])"],
        ),
    ]
    timeout: Timeout = 120


def last_lines(text: str) -> str:
    """Return the last lines of an output, without the line breaks around them."""
    return "\n".join(text.strip("\n").splitlines()[-LAST_LINES:])
