"""A real PostgreSQL 18, made and hardened as the product makes its own, with a socket we share."""

import os
import secrets
import shutil
import subprocess
import time
from ipaddress import IPv4Network
from pathlib import Path

from oduflow.adapters.postgres import config
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.domain.errors import UpstreamFailed

IMAGE = "postgres:18"
PREFIX = "test-postgres-"
HARDENED = ("--user", "postgres", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
BOOT_SECONDS = 30
NO_CLIENT = "203.0.113.0/24"  # a network for documentation (RFC 5737)
IN_A_HURRY = ("-c", "fsync=off")  # a test makes hundreds of databases and survives no crash


class PostgresContainer:
    """One server in its own volume; `start` and `remove` are the owner's to call.

    Attributes:
        root: 0700 folder of ours; below it the socket's folder, 0700 and the image user's.
        password: the admin's.
    """

    def __init__(self, settings: config.PostgresSettings | None = None) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(3)}"
        self.root = folder_of(self.name)
        self.socket_dir = self.root / "socket"
        self.hba = self.root / "config" / config.HBA_NAME
        self.password = secrets.token_urlsafe(24)
        self.settings = settings or config.PostgresSettings(
            memory_mb=512, max_connections=60, admin_connections=5
        )
        self.volume = ("--volume", f"{self.name}:{config.VOLUME_TARGET}")
        self.cluster = Cluster(socket_dir=self.socket_dir, password=lambda: self.password)

    def start(self, *options: str) -> "PostgresContainer":
        """Initialise the cluster once and run it until it accepts the admin.

        Args:
            options: further words of the server's command line.
        """
        remove_orphans()
        self._lay_out()
        assert self.initdb() == 0
        server, memory = config.server_command(self.settings), self.settings.memory_mb << 20
        docker(
            *("run", "--detach", "--init", "--name", self.name, "--stop-signal", "SIGINT"),
            *("--restart", "no", *HARDENED, *self.volume),
            *("--memory", str(memory), "--memory-swap", str(memory)),
            *("--volume", f"{self.hba.parent}:{config.CONFIG_TARGET}:ro"),
            *("--volume", f"{self.socket_dir}:{config.SOCKET_TARGET}"),
            *("--entrypoint", server[0], IMAGE, *server[1:], *IN_A_HURRY, *options),
        )
        self.wait()
        return self

    def initdb(self) -> int:
        """Run the one-off container that makes the cluster; return its exit code."""
        made = config.initdb_command("/secret/password")
        done = subprocess.run(
            (
                *("docker", "run", "--rm", "--init", *HARDENED, *self.volume, "--network", "none"),
                *("--volume", f"{self.root / 'secret'}:/secret:ro"),
                *("--entrypoint", made[0], IMAGE, *made[1:]),
            ),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in {0, config.ALREADY_INITIALISED}, done.stderr
        return done.returncode

    def wait(self) -> None:
        """Wait until the server accepts the admin."""
        end = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                return self.cluster.ready()
            except UpstreamFailed:
                if time.monotonic() > end:
                    raise AssertionError(self.logs()) from None
                time.sleep(0.1)

    def allow(self, subnet: str = NO_CLIENT) -> None:
        """Allow a subnet as the product does: replace the file, then reload."""
        new = self.hba.with_suffix(".new")
        new.write_text(config.hba(IPv4Network(subnet)))
        new.replace(self.hba)
        self.cluster.reload()

    @property
    def address(self) -> str:
        """The server's address on Docker's default bridge."""
        return docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", self.name)

    def logs(self) -> str:
        """Everything the server logged."""
        both = subprocess.run(
            ("docker", "logs", self.name), check=True, capture_output=True, text=True
        )
        return both.stdout + both.stderr

    def remove(self) -> None:
        """Remove the container, its volume and the folders, by name."""
        remove(self.name)

    def _lay_out(self) -> None:
        self.root.mkdir(mode=0o700)
        for folder in (self.hba.parent, self.socket_dir, self.root / "secret"):
            folder.mkdir(exist_ok=True)
        self.hba.write_text(config.hba(IPv4Network(NO_CLIENT)))
        (self.root / "secret" / "password").write_text(self.password)
        uid = int(docker("run", "--rm", "--entrypoint", "id", IMAGE, "-u", "postgres"))
        gid = int(docker("run", "--rm", "--entrypoint", "id", IMAGE, "-g", "postgres"))
        for private in (self.socket_dir, self.root / "secret", self.root / "secret" / "password"):
            os.chown(private, uid, gid)
        self.socket_dir.chmod(0o700)
        (self.root / "secret").chmod(0o500)


def folder_of(name: str) -> Path:
    """Return a container's folder: a short path, because of the limit of socket paths."""
    return Path("/tmp") / name.replace(PREFIX, "odf-postgres-")  # noqa: S108


def remove(name: str) -> None:
    """Remove everything of one such container; ignore what does not exist."""
    for container in (name, f"{name}-odoo", f"{name}-holder"):
        quietly("rm", "--force", "--volumes", container)
    quietly("volume", "rm", "--force", name)
    shutil.rmtree(folder_of(name), ignore_errors=True)


def remove_orphans() -> None:
    """Remove the leftovers of killed test runs."""
    listed = docker("volume", "ls", "--quiet", "--filter", f"name={PREFIX}").split()
    for name in listed:
        owner = name.removeprefix(PREFIX).split("-")[0]
        if not Path("/proc", owner).exists():
            remove(name)


def quietly(*words: str) -> None:
    subprocess.run(("docker", *words), check=False, capture_output=True)


def docker(*words: str) -> str:
    """Run the Docker command line and return what it printed."""
    done = subprocess.run(("docker", *words), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
