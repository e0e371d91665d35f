"""A Docker engine of the run's own, which it may restart: no other container of the machine ends.

The run executes itself again in network, mount and process namespaces of its own. There it starts
a dockerd, whose socket, networks and firewall no other process sees, with a copy of the images.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import NoReturn

from tests.chaos.arena import Violation

IMAGES = ("odoo:19.0", "postgres:18")
START_SECONDS = 120.0
SOCKET = "unix:///run/docker.sock"
# What the engine and iptables keep in /run is apart from that of the machine's engine.
PREPARE = "ip link set lo up && mount --make-rprivate / && mount -t tmpfs tmpfs /run"


def enter(arguments: list[str]) -> NoReturn:
    """Copy the images, run again in namespaces of its own, and exit as that run did."""
    folder = Path(mkdtemp(prefix="odf-chaos-engine-"))
    subprocess.run(["docker", "save", "--output", folder / "images.tar", *IMAGES], check=True)
    again = (sys.executable, "-m", "tests.chaos", *arguments, "--engine-folder", str(folder))
    # The shell is process 1 there: all that a killed engine leaves ends with it.
    apart = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    done = subprocess.run(
        ["unshare", *apart, "sh", "-c", '"$@"; exit $?', "sh", *again], check=False
    )
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(done.returncode)


@dataclass
class OwnEngine:
    """The engine, seen from inside the namespaces.

    Attributes:
        folder: its data.
    """

    folder: Path
    _restarting: Lock = field(default_factory=Lock, init=False)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start it the first time, and load the images."""
        subprocess.run(["sh", "-c", PREPARE], check=True)
        self._run()
        subprocess.run(
            ["docker", "load", "--quiet", "--input", self.folder / "images.tar"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (self.folder / "images.tar").unlink()

    def restart(self, number: signal.Signals) -> None:
        """End it by a signal and start it again; its containers end with it."""
        with self._restarting:
            self._end(number)
            self._run()

    def remove(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(120)
        if number is signal.SIGKILL:
            self._end_containerd()
        (self.folder / "dockerd.pid").unlink(missing_ok=True)

    def _end_containerd(self) -> None:
        """End the child that outlives a killed dockerd, as an engine that a machine loses."""
        pid = self.folder / "exec" / "containerd" / "containerd.pid"
        if pid.is_file():
            with suppress(ProcessLookupError):  # it has noticed by itself
                os.kill(int(pid.read_text()), signal.SIGKILL)
            pid.unlink()  # dockerd would wait for the process, of which a zombie may be left

    def _run(self) -> None:
        with (self.folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                (
                    *("dockerd", "--host", SOCKET, "--data-root", self.folder / "data"),
                    *("--exec-root", self.folder / "exec", "--cgroup-parent", "/chaos"),
                    *("--pidfile", self.folder / "dockerd.pid"),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(["docker", "info"], check=False, capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                raise Violation(f"the engine does not start: see {log.name}")
            time.sleep(0.3)
