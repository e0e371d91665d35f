"""Run the programs of file systems and loop devices."""

import shutil
import subprocess
from contextlib import suppress

from oduflow.domain.errors import UpstreamFailed

SECONDS = 120.0
REMOVAL_SECONDS = 900.0
_KILL_SECONDS = 1.0
_PACKAGES = {"mkfs.xfs": "xfsprogs", "xfs_growfs": "xfsprogs", "losetup": "mount", "mount": "mount"}
# A service's path may leave out the folders of the administrator's programs.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing_packages() -> tuple[str, ...]:
    """Return the Debian packages that a pool needs and this machine has not."""
    absent = {
        package for name, package in _PACKAGES.items() if shutil.which(name, path=PATH) is None
    }
    return tuple(sorted(absent))


def run(*command: str, failure: str, hint: str, seconds: float = SECONDS) -> str:
    """Run a program and return what it printed.

    Args:
        command: the program and its arguments.
        failure: what is said when it fails, without a full stop.
        hint: the next step when it fails.
        seconds: its time limit.

    Raises:
        UpstreamFailed: it failed; its output says why.
    """
    program = shutil.which(command[0], path=PATH) or command[0]
    try:
        process = subprocess.Popen(
            [program, *command[1:]],
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as cause:
        raise UpstreamFailed(f"{failure}: {command[0]} cannot be run.", hint) from cause
    try:
        printed, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as cause:
        raise UpstreamFailed(f"{failure}: {command[0]} did not end.", hint) from cause
    finally:
        _end(process)
    if process.returncode:
        reason = said.strip() or f"{command[0]} ended with {process.returncode}"
        raise UpstreamFailed(f"{failure}: {reason}", hint, output=said)
    return printed


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a program that still runs. One that hangs in the kernel is not waited for."""
    if process.returncode is not None:
        return
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_SECONDS)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
