"""Long texts that an answer shows a part of: how they are read, and how long they are kept."""

from itertools import compress
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from oduflow.domain.errors import Invalid
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import error_flags
from oduflow.domain.outcome import WHOLE_TEXT, Model

OUTPUT_DAYS = 7
OUTPUTS_OF_A_TEAM = 200
MAX_CHARACTERS = 32_000  # about 8,000 tokens
HANDLE = r"^[a-z2-7]{12}$"  # of a stored text, and of a job
RANGE = r"^[1-9]\d{0,8}-[1-9]\d{0,8}$"


class ReadOutput(Model):
    """Which lines of a stored text to show; `grep` and `errors` select among `lines`."""

    handle: Annotated[
        str,
        StringConstraints(pattern=HANDLE),
        Field(description="`output` or `image` of an answer."),
    ]
    lines: Annotated[
        str | None,
        StringConstraints(pattern=RANGE),
        Field(description="First and last line, such as 101-200."),
    ] = None
    grep: Annotated[
        str | None,
        Field(max_length=200, description="Text to find, ignoring case."),
    ] = None
    errors: Annotated[bool, Field(description="Only errors and tracebacks.")] = False

    def from_line(self, first: int, last: int) -> Next:
        """Return the call that shows the selected lines of another range."""
        chosen: dict[str, str | bool] = {"grep": self.grep} if self.grep else {}
        if self.errors:
            chosen["errors"] = True
        lines = f"{first}-{last}"
        reason = "shows the following lines"
        return Next.of("read_output", reason, handle=self.handle, lines=lines, **chosen)


class OutputPage(Model):
    """Selected lines of a stored text: untrusted data. `total` is how many lines it has."""

    model_config = ConfigDict(str_strip_whitespace=False)  # the first line may be indented

    handle: str
    total: int
    lines: int
    text: Annotated[str, WHOLE_TEXT]


def page_of(text: str, args: ReadOutput) -> tuple[OutputPage, Next | None]:
    """Return the selected lines that fit into an answer, and the call for the next ones.

    The call is None when all fit. A line longer than an answer is cut.

    Raises:
        Invalid: the range ends before it begins.
    """
    lines = text.splitlines()
    first, last = _range(args.lines, len(lines))
    flags = error_flags(lines) if args.errors else [True] * len(lines)
    shown: list[str] = []
    size, following = 0, None
    for number, line in compress(enumerate(lines, 1), flags):
        if not first <= number <= last or (args.grep or "").lower() not in line.lower():
            continue
        size += len(line) + 1
        if shown and size > MAX_CHARACTERS:
            following = args.from_line(number, last)
            break
        shown.append(line[:MAX_CHARACTERS])
    page = OutputPage(handle=args.handle, total=len(lines), lines=len(shown), text="\n".join(shown))
    return page, following


def _range(lines: str | None, total: int) -> tuple[int, int]:
    if lines is None:
        return 1, total
    first, last = map(int, lines.split("-"))
    if last < first:
        raise Invalid(
            f"lines={lines} ends before it begins.",
            f"Write the lower number first: lines={last}-{first}.",
        )
    return first, min(last, total)
