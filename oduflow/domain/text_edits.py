"""Show lines of a text file, and replace a text in it that is there exactly once."""

from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.files import FilePage
from oduflow.domain.output import MAX_CHARACTERS

_WINDOWS = b"\r\n"


def is_binary(content: bytes) -> bool:
    """Whether a content is no text: it has a NUL byte, as git decides it."""
    return b"\0" in content


def page_of_file(path: str, content: bytes, offset: int, limit: int | None) -> FilePage:
    """Return lines of a text file, as many as fit into an answer; a longer line is cut.

    Args:
        path: as it is shown.
        content: the whole file.
        offset: the first line, from 1.
        limit: how many lines at most; None for all that fit.

    Raises:
        Invalid: the file has fewer lines than `offset`.
    """
    lines = content.decode(errors="replace").replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if offset > max(1, len(lines)):
        raise Invalid(f"{path} has {len(lines)} lines, and offset is {offset}.", "Give less.")
    shown: list[str] = []
    size = 0
    for line in lines[offset - 1 : None if limit is None else offset - 1 + limit]:
        size += len(line) + 1
        if shown and size > MAX_CHARACTERS:
            break
        shown.append(line[:MAX_CHARACTERS])
    return FilePage(
        path=path, first=offset, lines=len(shown), total=len(lines), text="\n".join(shown)
    )


def cut_lines(page: FilePage) -> tuple[str, ...]:
    """Say that the first line of a page is longer than what is shown of it."""
    if page.lines and len(page.text.split("\n", 1)[0]) == MAX_CHARACTERS:
        told = f"Line {page.first} of {page.path} is longer than what is shown of it"
        return (f"{told}: writing the file from this text would lose the rest.",)
    return ()


def cautions(path: str, content: bytes) -> tuple[str, ...]:
    """Say in which way the shown text of a file differs from its bytes."""
    told = []
    if _WINDOWS in content:
        told.append(f"{path} ends lines with CRLF; a replacement keeps that.")
    try:
        content.decode()
    except UnicodeDecodeError:
        told.append(f"{path} is not UTF-8: other bytes are shown as \N{REPLACEMENT CHARACTER}.")
    return tuple(told)


def replaced(path: str, content: bytes, old: str, new: str) -> bytes:
    """Return a file's content with the one place of `old` replaced; all other bytes stay.

    In a file that ends lines with CRLF, the line ends of both texts are taken as such.

    Raises:
        Conflict: `old` is not there, or more than once; says how often.
        Invalid: the file is binary.
    """
    if is_binary(content):
        raise Invalid(f"{path} is a binary file.", "Only text can be replaced.")
    wanted, put = old.encode(), new.encode()
    count = content.count(wanted)
    if count == 0 and _WINDOWS in content:
        wanted, put = _with_crlf(wanted), _with_crlf(put)
        count = content.count(wanted)
    if count != 1:
        raise Conflict(
            f"`old` is {count} times in {path}, and has to be there exactly once.",
            "Copy it from the file, with its indentation."
            if count == 0
            else "Add lines before or after it until only one place fits.",
        )
    return content.replace(wanted, put)


def _with_crlf(text: bytes) -> bytes:
    return text.replace(_WINDOWS, b"\n").replace(b"\n", _WINDOWS)
