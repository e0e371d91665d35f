"""Run the programs of file systems and loop devices."""

import shutil
import subprocess

from oduflow.domain.errors import UpstreamFailed

SECONDS = 120.0
REMOVAL_SECONDS = 900.0
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
        done = subprocess.run(
            [program, *command[1:]],
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as cause:
        said = cause.stderr.strip() or f"{command[0]} ended with {cause.returncode}"
        raise UpstreamFailed(f"{failure}: {said}", hint, output=cause.stderr) from cause
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise UpstreamFailed(f"{failure}: {command[0]} did not end.", hint) from cause
    return done.stdout
