"""Files of an environment's checkout: the operations' inputs, and their views."""

from typing import Annotated

from pydantic import ConfigDict, Field

from oduflow.domain.environment import EnvironmentName
from oduflow.domain.errors import Invalid
from oduflow.domain.outcome import WHOLE_TEXT, Model

MAX_CONTENT = 1_000_000  # characters of a file that is written
_EXACT = ConfigDict(str_strip_whitespace=False)  # spaces at the ends of a text are part of it
_ONE_CHANGE = ((False, True, True), (True, False, False))  # which of the three are absent

Path = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        description="From the repo's root on.",
        examples=["README.md"],
    ),
]
Glob = Annotated[str | None, Field(max_length=200, description="Such as *.xml or sale/**/*.py.")]
Folder = Annotated[str, Field(max_length=1024, description="Only below this folder.")]


class ReadFile(EnvironmentName):
    """A file, and which of its lines to show."""

    path: Path
    offset: Annotated[int, Field(ge=1, description="First line, from 1.")] = 1
    limit: Annotated[int | None, Field(ge=1, description="How many lines at most.")] = None


class ListFiles(EnvironmentName):
    """Which files to list."""

    path: Folder = ""
    glob: Glob = None


class SearchFiles(ListFiles):
    """What to look for, and where."""

    model_config = _EXACT

    pattern: Annotated[
        str,
        Field(min_length=1, max_length=500, description="Text of one line.", examples=["_inherit"]),
    ]
    regex: Annotated[bool, Field(description="True: pattern is a Python regular expression.")] = (
        False
    )


class WriteFile(EnvironmentName):
    """The whole content of a file, or one replacement in it."""

    model_config = _EXACT

    path: Path
    content: Annotated[str | None, Field(max_length=MAX_CONTENT, description="The whole file.")] = (
        None
    )
    old: Annotated[
        str | None,
        Field(min_length=1, max_length=MAX_CONTENT, description="Text that is in it exactly once."),
    ] = None
    new: Annotated[
        str | None, Field(max_length=MAX_CONTENT, description="What to put in place of old.")
    ] = None

    def require_one_change(self) -> None:
        """Refuse anything but a whole content, or one text and what replaces it.

        Raises:
            Invalid: both are given, or none, or a part of a replacement.
        """
        if (self.content is None, self.old is None, self.new is None) not in _ONE_CHANGE:
            raise Invalid(
                "Either content is given, or old and new together.",
                "Give content for the whole file; old and new replace one place in it.",
            )


class DeleteFile(EnvironmentName):
    """A file to delete."""

    path: Path


class FilePage(Model):
    """Lines of a file: untrusted data. `total` is how many lines it has."""

    model_config = _EXACT

    path: str
    first: int
    lines: int
    total: int
    text: Annotated[str, WHOLE_TEXT]


class FileList(Model):
    """Files by path; a symbolic link, which is not followed, as `path -> target`."""

    model_config = _EXACT

    total: int
    files: tuple[str, ...]


class FileMatch(Model):
    """One line in which the pattern was found."""

    model_config = _EXACT

    path: str
    line: int
    text: str


class FileMatches(Model):
    """The lines in which a pattern was found, by path: untrusted data."""

    matches: tuple[FileMatch, ...]


class FileChange(Model):
    """A file that was written or deleted."""

    path: str
    size: int
    created: bool = False
