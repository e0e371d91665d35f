"""Build the images from Debian's packages, for machines that reach no registry."""

import contextlib
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from oduflow.domain.errors import Invalid, UpstreamFailed

RECIPES: Final = Path(__file__).parent / "recipes"
VERSIONS: Final = {
    "odoo": {"14": "14.0", "14.0": "14.0", "19": "19.0", "19.0": "19.0"},
    "postgres": {"18": "18"},
}

BROWSER: Final = "browser"  # the kind of images that run tests in a browser
BROWSER_SUFFIX: Final = f"-{BROWSER}"  # how their tags end
BROWSER_OF: Final = "ODUFLOW_BROWSER_OF"  # their variable with the id of the image below them

_TAG: Final = re.compile(
    r"[a-z0-9][a-z0-9._/-]*(:\d+/[a-z0-9._/-]+)?:(?P<version>[\d.]+)(-[\w.-]+)?"
)
_ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
}
_LINES_KEPT: Final = 30
_SECONDS_TO_CLEAN_UP: Final = 30


def build_image(
    kind: str,
    tag: str,
    on_progress: Callable[[str], None],
    *,
    recipes: Path = RECIPES,
) -> None:
    """Build one image, and tag it once it is complete.

    A build takes one to four minutes. It is stopped when `on_progress` raises, and when this
    process dies.

    Args:
        kind: `odoo` or `postgres`; the result looks like Docker Hub's image of that name. `browser`
            adds a browser to an image of Odoo that is on this machine.
        tag: name and version, as in `odoo:19.0`, or `odoo:19.0-browser`.
        on_progress: called with each line such as `step 1/4: base system (debootstrap)`.
        recipes: the folder that holds `{kind}/build.sh`.

    Raises:
        Invalid: no recipe makes this kind in the tag's version.
        UpstreamFailed: the recipe failed; `output` holds the last 30 lines it wrote.
    """
    script = str(recipes / kind / "build.sh")
    command = ["bash", script, tag]
    if kind != BROWSER:
        command.append(_supported_version(kind, tag))
    lines: deque[str] = deque(maxlen=_LINES_KEPT)
    with _running(command) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith("step "):
                on_progress(line.rstrip())
    if process.returncode != 0:
        raise UpstreamFailed(
            _last(lines, "error: ") or f"Building {tag} ended with code {process.returncode}.",
            _last(lines, "hint: ")
            or f"Read the output, or pull the image where a registry answers: docker pull {tag}",
            output="\n".join(lines),
        )


def _supported_version(kind: str, tag: str) -> str:
    """Return the full version that the tag means."""
    match = _TAG.fullmatch(tag)
    version = VERSIONS.get(kind, {}).get(match["version"] if match else "")
    if version is None:
        raise Invalid(
            f"{tag} can be pulled, not built as {kind}.",
            f"Debian's packages make only {recipes_made()}. On the server: docker pull {tag}",
        )
    return version


def recipes_made() -> str:
    """Name the images that can be built, such as `odoo:19.0 and postgres:18`."""
    made = [
        f"{kind}:{each}" for kind, known in VERSIONS.items() for each in sorted({*known.values()})
    ]
    return f"{', '.join(made[:-1])} and {made[-1]}"


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the end of the block; it never outlives this process.

    `setpriv` makes the kernel end it with the thread that started it (prctl(2),
    PR_SET_PDEATHSIG); a `preexec_fn` is not safe beside other threads.
    """
    try:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_ENVIRONMENT,
            process_group=0,
        )
    except FileNotFoundError as cause:
        raise UpstreamFailed(
            "Images are built on Debian, and this machine has no setpriv (util-linux).",
            "Pull the image from a registry, or build it on a Debian machine.",
        ) from cause
    with process:
        try:
            yield process
            process.wait()
        except BaseException:
            _stop(process)
            raise


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process group, with time for the recipe to remove its temporary files."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_CLEAN_UP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _last(lines: deque[str], prefix: str) -> str:
    """Return the rest of the last line with the prefix, empty when there is none."""
    found = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    return found[-1] if found else ""
