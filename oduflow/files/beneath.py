"""Read files below an untrusted folder, such as a checkout, without ever leaving it."""

import os
import stat
from collections import deque
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

MAX_LINKS = 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LeadsOut(Exception):
    """A path, or a link on it, leads out of the folder."""


class NotReadable(Exception):
    """A path names no regular file, or one above the limit; the text says which."""


def read_beneath(root: Path, path: str, limit: int) -> bytes:
    """Return a file's content; links are followed while they stay below `root`.

    Each part of the path is opened relative to its folder, so that nothing can be exchanged for a
    link between check and use.

    Args:
        root: a folder whose parents no untrusted party can write.
        path: the file, relative to `root`.
        limit: the most bytes that are read.

    Raises:
        FileNotFoundError: there is nothing of that name.
        LeadsOut: the path or a link leads out of `root`.
        NotReadable: it is no regular file, larger than `limit`, or a link to nothing.
    """
    parts, links = deque(_parts(path)), 0
    with ExitStack() as opened:
        found = _opened(opened, str(root), None)
        folders = [found]
        while parts:
            part = parts.popleft()
            if part == "..":
                folders.pop()
                if not folders:
                    raise LeadsOut
            elif target := _link(part, folders[-1]):
                links += 1
                if links > MAX_LINKS:
                    raise NotReadable("is a link to itself")
                parts.extendleft(reversed(_parts(target)))
            else:
                found = _opened(opened, part, folders[-1], linked=links > 0)
                if not stat.S_ISDIR(os.fstat(found).st_mode):
                    break
                folders.append(found)
        else:
            raise NotReadable("is a folder")
        if parts:
            raise FileNotFoundError(path)
        return _content(found, limit)


def _link(name: str, folder: int) -> str:
    """Return what a link contains; empty if it is no link."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return ""


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path)
    if parts.is_absolute():
        raise LeadsOut
    return parts.parts


def _opened(stack: ExitStack, name: str, folder: int | None, *, linked: bool = False) -> int:
    try:
        descriptor = os.open(name, _OPEN, dir_fd=folder)
    except FileNotFoundError as cause:
        if linked:
            raise NotReadable("is a link to a file that does not exist") from cause
        raise
    except OSError as cause:  # exchanged for a link since, a socket, or not ours to read
        raise NotReadable("cannot be read") from cause
    stack.callback(os.close, descriptor)
    return descriptor


def _content(descriptor: int, limit: int) -> bytes:
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise NotReadable("is not a regular file")
    if facts.st_size > limit:
        raise NotReadable(f"is larger than {limit >> 10} KiB")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(limit)
