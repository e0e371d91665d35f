"""Install a Docker engine on a Debian machine."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from oduflow.adapters.docker.build import RECIPES
from oduflow.domain.errors import UpstreamFailed


def install_engine(on_progress: Callable[[str], None], *, recipes: Path = RECIPES) -> None:
    """Install Debian's engine and start it; nothing changes when an engine answers already.

    The script ends with this process, but a running step of apt is left to finish.

    Args:
        on_progress: gets each line of the script.
        recipes: the folder that holds `engine.sh`.

    Raises:
        UpstreamFailed: it could not be installed or does not answer; `output` says why.
    """
    command = ["setpriv", "--pdeathsig", "TERM", "bash", str(recipes / "engine.sh")]
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
