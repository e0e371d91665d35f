"""Write, start and remove the unit of the server."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.errors import Conflict, Forbidden, UpstreamFailed

UNITS = Path("/etc/systemd/system")
RUNNING = Path("/run/systemd/system")  # sd_booted(3): systemd runs this machine
SYSTEMCTL_SECONDS = 60
_UNIT = """\
[Unit]
Description=Oduflow: disposable Odoo environments ({instance})
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
ExecStart={program} serve --config {config}
Restart=on-failure
RestartSec=2
# The server finishes calls in progress for ten seconds; the next start undoes unfinished jobs.
KillMode=mixed
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class SystemdService:
    """The unit `<instance>.service` of one server.

    Attributes:
        instance: the instance's name.
        program: the executable `oduflow`, absolute.
        config: the configuration file, absolute.
        units, running: systemd's folders, other ones in tests.
    """

    instance: str
    program: Path
    config: Path
    units: Path = UNITS
    running: Path = RUNNING

    @property
    def name(self) -> str:
        """The unit's name."""
        return f"{self.instance}.service"

    @property
    def file(self) -> Path:
        """The unit's file."""
        return self.units / self.name

    def unit(self) -> str:
        """Return the unit's text; systemd.syntax(7) and systemd.service(5) define it."""
        return _UNIT.format(
            instance=self.instance, program=_quoted(self.program), config=_quoted(self.config)
        )

    def install(self) -> None:
        """Write the unit, start it now and at every boot of the machine; replaces an older one.

        Raises:
            Forbidden: not root.
            Conflict: systemd does not run this machine.
            UpstreamFailed: systemd refused; its output says why.
        """
        self._check()
        self.file.write_text(self.unit(), "utf-8")
        self._systemctl("daemon-reload")
        self._systemctl("enable", self.name)
        self._systemctl("restart", self.name)

    def remove(self) -> bool:
        """Stop the unit and remove its file; return whether there was one.

        Raises:
            Forbidden, Conflict, UpstreamFailed: as `install`.
        """
        self._check()
        if not self.file.exists():
            return False
        self._systemctl("disable", "--now", self.name)
        self.file.unlink()
        self._systemctl("daemon-reload")
        return True

    def _check(self) -> None:
        if os.geteuid() != 0:
            raise Forbidden("Only root may change the services of this machine.", "Use sudo.")
        if not self.running.exists():
            raise Conflict(
                "systemd does not run this machine.",
                "`oduflow service show` prints the unit; start `oduflow serve` with your own "
                "service manager.",
            )

    def _systemctl(self, *words: str) -> None:
        try:
            subprocess.run(
                ["systemctl", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=True,
                text=True,
                timeout=SYSTEMCTL_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as cause:
            raise UpstreamFailed(
                f"systemctl {' '.join(words)} failed.",
                f"`journalctl -u {self.name}` shows why.",
                output=str(getattr(cause, "stdout", None) or cause),
            ) from cause


def _quoted(path: Path) -> str:
    """Return a path as systemd reads it: % and $ begin a specifier or variable, spaces divide."""
    text = str(path).replace("%", "%%").replace("$", "$$")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if escaped != str(path) or " " in text else text
