"""What is mounted where, as the kernel says it in proc_pid_mountinfo(5)."""

from collections.abc import Iterator
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")


def device_at(folder: Path) -> str | None:
    """Return the device that is mounted at a folder; None when nothing is.

    The kernel names folders without symbolic links. The folder itself is not looked at: it may be
    that of a file system that has shut itself down.
    """
    target, found = str(folder.parent.resolve() / folder.name), None
    for place, _kind, device in _mounts():
        if place == target:
            found = device  # the last one hides those before it
    return found


def type_of(file: Path) -> str:
    """Return the type of the file system that a file lies in, such as `ext4`."""
    path, found = file.resolve(), ("", "")
    for place, kind, _device in _mounts():
        if path.is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]


def _mounts() -> Iterator[tuple[str, str, str]]:
    """Yield the folder, the type and the device of each mount."""
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        mount, _, source = line.partition(" - ")
        kind, device = source.split(" ")[:2]
        yield _unescaped(mount.split(" ")[4]), kind, device


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
