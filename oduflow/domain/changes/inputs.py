"""What callers ask for: to pull commits, to switch the branch, or to apply edits."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from oduflow.domain.environment import EnvironmentName, Text
from oduflow.domain.names import branch_name


class OnFailure(StrEnum):
    """What a failure does.

    KEEP: what was done until then stays, to be looked at; without room for a snapshot too.
    ROLLBACK: everything is put back.
    """

    KEEP = "keep"
    ROLLBACK = "rollback"


class ApplyChanges(EnvironmentName):
    """How far to go in applying changes."""

    on_failure: Annotated[OnFailure, Field(description="On failure.")] = OnFailure.ROLLBACK
    uninstall_removed: Annotated[
        bool, Field(description="True uninstalls those that are gone, with data.")
    ] = False


class PullAndApply(ApplyChanges):
    """Which commit to pull."""

    ref: Annotated[
        Annotated[Text, AfterValidator(branch_name)] | None,
        Field(description="Commit or tag; default: the newest of its branch."),
    ] = None


class SwitchBranch(ApplyChanges):
    """Which branch to follow from now on."""

    branch: Annotated[
        Annotated[Text, AfterValidator(branch_name)],
        Field(description="Branch to follow.", examples=["main"]),
    ]
