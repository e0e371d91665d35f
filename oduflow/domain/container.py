"""A container as the product asks for it, before any engine is involved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: a folder or file of ours, a named volume, or a small tmpfs.

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
        ValueError: the address is none; the engine would take every address for it.
    """

    container_port: int
    host_address: str
    host_port: int

    def __post_init__(self) -> None:
        """Check the address."""
        ip_address(self.host_address)


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What one container may use. Memory in bytes, CPUs as a fraction of cores."""

    memory: int = 2 << 30
    cpus: float = 2.0
    pids: int = 512


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network to join, with a fixed IPv4 address where others must find it."""

    network: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything the engine is told; what is not here is the hardened default.

    Every container is made with `init`, all capabilities dropped, no new privileges, bounded
    json-file logs, restart policy `no`, no IP forwarding, and without anonymous volumes: a path
    that the image declares as a volume and no mount covers becomes an empty tmpfs. Without
    networks it has none at all, never the engine's default one.

    Attributes:
        extra_hosts: more lines of /etc/hosts, name to address; `host-gateway` is the host.
        outside_names: False where the firewall lets nothing out: only the engine's own names are
            resolved, and any other one fails after a second, not after ten. It also closes a way
            out, as the engine itself asks a name server on the host's loopback.
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
    publish: tuple[Publish, ...] = ()
    limits: ContainerLimits = field(default_factory=ContainerLimits)
    sysctls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra_hosts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    outside_names: bool = True
    stop_signal: str = "SIGTERM"
    shm_size: int = 64 << 20


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """What the engine says of a container. Addresses by network name; times in RFC 3339.

    Attributes:
        started_at: empty where the engine does not say it: never started, or out of a list.
        out_of_memory: the kernel killed something in it at the memory limit (not in a list).
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
    """How a one-off container ended: its exit code and the last lines it printed."""

    exit_code: int
    output: str
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image says of itself; uid and gid are of the user it runs as."""

    id: str
    reference: str
    uid: int
    gid: int
    volumes: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What the engine says of a network of ours: its bridge on the host and its subnet (CIDR)."""

    name: str
    bridge: str
    subnet: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """What the engine says of a named volume; the mountpoint is a folder of the engine's host."""

    name: str
    labels: Mapping[str, str]
    mountpoint: Path
