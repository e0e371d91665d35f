"""Read a folder as if it were an archive, without following links."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from oduflow.files.archives.member import Member, MemberKind, checked

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def folder_members(root: Path) -> Iterator[Member]:
    """Yield the files below a folder.

    Raises:
        Invalid: one of them is a link or a device.
    """
    number = 0
    # The dot also enters a path such as /proc/self/fd/9.
    for folder, _folders, files, descriptor in os.fwalk(f"{root}/.", follow_symlinks=False):
        prefix = os.path.relpath(folder, root)
        for name in files:
            number += 1
            facts = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            path = name if prefix == "." else f"{prefix}/{name}"
            opening = partial(_open, name, descriptor)
            yield checked(number, Member(path, _kind(facts.st_mode), facts.st_size, opening))


def _kind(mode: int) -> MemberKind:
    if stat.S_ISREG(mode):
        return MemberKind.FILE
    return MemberKind.LINK if stat.S_ISLNK(mode) else MemberKind.SPECIAL


def _open(name: str, folder: int) -> BinaryIO:
    return os.fdopen(os.open(name, _OPEN, dir_fd=folder), "rb")
