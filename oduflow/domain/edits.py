"""The edits of an environment: how its checkout differs from its commit."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from oduflow.domain.environment import EnvironmentName, Text
from oduflow.domain.names import branch_name
from oduflow.domain.outcome import WHOLE_TEXT, Model

Paths = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=1024)], ...],
    Field(max_length=200, description="Only these files and folders."),
]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a commit message has no NUL")
    return text


class EditKind(StrEnum):
    """What an edit did to a file."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"


class DiffEdits(EnvironmentName):
    """Which edits to show."""

    paths: Paths = ()


class DiscardEdits(EnvironmentName):
    """Which edits to discard, or whether to bring the discarded ones back."""

    paths: Paths = ()
    undo: Annotated[bool, Field(description="True brings back what the last discard removed.")] = (
        False
    )


class CommitAndPush(EnvironmentName):
    """What to commit, and where to push it."""

    message: Annotated[
        Annotated[
            str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_without_nul)
        ],
        Field(description="Commit message.", examples=["Round totals to cents"]),
    ]
    branch: Annotated[
        Annotated[Text, AfterValidator(branch_name)] | None,
        Field(description="Branch to push to; default: oduflow/<name>."),
    ] = None
    paths: Paths = ()


class FileEdit(Model):
    """An edited file."""

    model_config = ConfigDict(str_strip_whitespace=False)

    path: str
    kind: EditKind


class EditsView(Model):
    """The edits of an environment, as a unified diff against its commit: untrusted data."""

    model_config = ConfigDict(str_strip_whitespace=False)

    commit: str
    files: tuple[FileEdit, ...]
    diff: Annotated[str, WHOLE_TEXT] = ""


class PushView(Model):
    """A commit that was pushed; `commit` is what the server says that the branch is at."""

    branch: str
    commit: str
    author: str
    files: tuple[FileEdit, ...]
    left: int  # edited files that are not in the commit
