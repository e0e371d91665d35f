"""Name things after the process that works on them, to find those whose process was killed.

A process id alone does not say so: it is given again, and the server in a container has the same
one after each start. The time at which the process began, in proc_pid_stat(5), tells them apart.
"""

import os
from pathlib import Path

_CLOCK_SECONDS = 2.0  # the time of the system's start, in proc_stat(5), has whole seconds
_START = 19  # of the fields after the program's name, which ends with the last parenthesis


def process_mark() -> str:
    """Return the mark of this process: `<process id>.<start time>`, without a hyphen."""
    return f"{os.getpid()}.{_started('self')}"


def lives(name: str) -> bool:
    """Whether the process still works after which a thing is named.

    Args:
        name: begins with a mark, and goes on after a hyphen if at all. Earlier versions wrote the
            process id only; that of this process was another one's then.
    """
    process, started = _parts(name)
    if not process.isdecimal() or (not started and int(process) == os.getpid()):
        return False
    found = _started(process)
    return found == started if started else bool(found)


def is_used(folder: Path) -> bool:
    """Whether the process still works after which a folder is named.

    Where an earlier version named it, a process that began after the folder was changed last is
    another one, which was given the same id.
    """
    process, started = _parts(folder.name)
    if started or not lives(folder.name):
        return lives(folder.name)
    try:
        return _began(process) <= folder.lstat().st_ctime + _CLOCK_SECONDS
    except (OSError, ValueError):  # the folder or the process is gone meanwhile
        return False


def _parts(name: str) -> tuple[str, str]:
    process, _, started = name.partition("-")[0].partition(".")
    return process, started


def _began(process: str) -> float:
    """Return when a process began, in seconds since the epoch."""
    lines = Path("/proc/stat").read_text("ascii").splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return boot + int(_started(process)) / os.sysconf("SC_CLK_TCK")


def _started(process: str) -> str:
    try:
        stat = Path("/proc", process, "stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[_START]
