"""Containers, images, networks and volumes, independent of an engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: a folder or file of the host, a named volume, or a small tmpfs.

    Attributes:
        target: absolute path inside the container.
        source: host path (bind), volume name (volume), empty (tmpfs).
        read_only: False only where the container must write.
    """

    kind: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Publish:
    """A container port published on one host address.

    Raises:
        ValueError: the address is invalid; the engine would publish on every address instead.
    """

    container_port: int
    host_address: str
    host_port: int

    def __post_init__(self) -> None:
        """Check the address."""
        ip_address(self.host_address)


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """The resources one container may use: memory in bytes, CPUs as a fraction of cores."""

    memory: int = 2 << 30
    cpus: float = 2.0
    pids: int = 512


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network to join, with a fixed IPv4 address if other containers rely on it."""

    network: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything the engine is asked for; the rest is a hardened default.

    Every container has `init`, no capabilities, no new privileges, bounded json-file logs, restart
    policy `no`, no IP forwarding, and no anonymous volumes: a path that the image declares as a
    volume and no mount covers becomes an empty tmpfs. Without `networks` it has no network, not
    even the engine's default one.

    Attributes:
        network_of: a running container whose network it shares, instead of having `networks`: its
            addresses, its loopback, its name servers, and the firewall's rules about it.
        read_only: whether nothing can be written but the tmpfs mounts.
        extra_hosts: more lines of /etc/hosts, name to address; `host-gateway` is the host.
        outside_names: False if the firewall lets nothing out: only the engine's own names are
            resolved, and any other name fails after 1 s instead of 10. It also closes a way out,
            because the engine itself asks a name server on the host's loopback.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    user: str = ""
    hostname: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    mounts: tuple[Mount, ...] = ()
    networks: tuple[Attachment, ...] = ()
    network_of: str = ""
    read_only: bool = False
    publish: tuple[Publish, ...] = ()
    limits: ContainerLimits = field(default_factory=ContainerLimits)
    sysctls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra_hosts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    outside_names: bool = True
    stop_signal: str = "SIGTERM"
    shm_size: int = 64 << 20


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """The engine's facts of a container: addresses by network name, times in RFC 3339.

    Attributes:
        started_at: empty when it was never started, and in lists.
        out_of_memory: the kernel killed a process in it at the memory limit; False in lists.
    """

    id: str
    name: str
    status: Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
    exit_code: int
    labels: Mapping[str, str]
    addresses: Mapping[str, str]
    started_at: str
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """The end of a one-off container: its exit code and the last lines it printed."""

    exit_code: int
    output: str
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class ExecSpec:
    """A command in a running container, as the container's own user.

    Attributes:
        command: the program and its arguments; no shell reads them.
        timeout: seconds after which it is killed, with all that it started.
        stdin: what it can read.
        folder: where it starts; empty for the container's own folder.
        mark: by which its processes can be found and killed; empty for one that is made up.
    """

    command: tuple[str, ...]
    timeout: float
    stdin: bytes = b""
    folder: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """The end of a command in a container.

    Attributes:
        exit_code: 128 plus the signal's number if one ended it; 127 without such a program, 126 for
            one that cannot be executed.
        output: what it printed, both streams as they arrived; of a long output beginning and end.
        seconds: how long it ran.
        timed_out: whether it was killed at its time limit.
    """

    exit_code: int
    output: str
    seconds: float
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The facts of an image; uid, gid and home are those of the user it runs as.

    Attributes:
        home: empty if the image's /etc/passwd was not needed, or does not have the user.
    """

    id: str
    reference: str
    uid: int
    gid: int
    volumes: tuple[str, ...]
    environment: Mapping[str, str]
    home: str = ""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """The engine's facts of a network: its bridge on the host and its subnet (CIDR)."""

    name: str
    bridge: str
    subnet: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """The engine's facts of a named volume.

    Attributes:
        name: its name.
        labels: its labels.
        mountpoint: the folder of the engine's host that holds its files.
        kept_by_engine: whether that is the engine's own folder.
    """

    name: str
    labels: Mapping[str, str]
    mountpoint: Path
    kept_by_engine: bool = True
