"""Bring a Docker engine onto a Debian machine that has none."""

import subprocess
from collections.abc import Callable

from oduflow.adapters.docker.build import RECIPES
from oduflow.domain.errors import UpstreamFailed


def install_engine(on_progress: Callable[[str], None]) -> None:
    """Install Debian's engine and start it; where one answers, nothing is changed.

    Args:
        on_progress: told each line of the script.

    Raises:
        UpstreamFailed: it could not be installed or does not answer; `output` says why.
    """
    command = ["bash", str(RECIPES / "engine.sh")]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as script:
        for line in script.stdout or ():
            lines.append(line.rstrip())
            on_progress(line.rstrip())
    if script.returncode != 0:
        raise UpstreamFailed(
            "No Docker engine could be brought onto this machine.",
            "Install Docker yourself (https://docs.docker.com/engine/install/), then run it again.",
            output="\n".join(lines[-30:]),
        )
