"""The engine's “create container” request, computed from our own description of it.

Source: Docker Engine API 1.41, `POST /containers/create`.
"""

import re
from collections.abc import Iterable
from typing import Any

from oduflow.domain.container import Attachment, ContainerSpec, Mount

EMPTY_VOLUME_BYTES = 64 << 20
# The engine's resolver forwards to the container's own loopback, where no server answers.
_NO_OUTSIDE_NAMES = {"Dns": ["127.0.0.1"], "DnsOptions": ["timeout:1", "attempts:1"]}


def create_request(
    spec: ContainerSpec, image_volumes: Iterable[str], control_group: str = ""
) -> dict[str, Any]:
    """Return the request's body; every privilege that the specification does not ask for is off.

    Args:
        spec: the container asked for.
        image_volumes: paths that the image declares as volumes. The engine would create an
            anonymous volume for each without a mount; it gets an empty tmpfs instead, owned by the
            container's user when `spec.user` is numeric.
        control_group: the parent of the container's control group; empty for the engine's own.
    """
    ports = {f"{each.container_port}/tcp" for each in spec.publish}
    return {
        "Image": spec.image,
        "Hostname": spec.hostname,
        "User": spec.user,
        "Entrypoint": list(spec.entrypoint),
        "Cmd": list(spec.command),
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Labels": dict(spec.labels),
        "StopSignal": spec.stop_signal,
        "Healthcheck": {"Test": ["NONE"]},
        "ExposedPorts": {port: {} for port in sorted(ports)},
        "HostConfig": {**_host(spec, image_volumes), "CgroupParent": control_group},
        "NetworkingConfig": {
            "EndpointsConfig": {each.network: endpoint(each) for each in spec.networks[:1]}
        },
    }


def endpoint(attachment: Attachment) -> dict[str, Any]:
    """Return the settings of one network connection."""
    if not attachment.address:
        return {}
    return {"IPAMConfig": {"IPv4Address": attachment.address}}


def _host(spec: ContainerSpec, image_volumes: Iterable[str]) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for each in spec.publish:
        binding = {"HostIp": each.host_address, "HostPort": str(each.host_port)}
        bindings.setdefault(f"{each.container_port}/tcp", []).append(binding)
    return {
        "Init": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Memory": spec.limits.memory,
        "MemorySwap": spec.limits.memory,  # equal to Memory: no swap on top of it
        "NanoCpus": int(spec.limits.cpus * 1_000_000_000),
        "PidsLimit": spec.limits.pids,
        "ShmSize": spec.shm_size,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "RestartPolicy": {"Name": "no"},
        "ReadonlyRootfs": spec.read_only,
        # A container in two networks must never route between them. Who shares a network has its.
        "Sysctls": {} if spec.network_of else {"net.ipv4.ip_forward": "0", **spec.sysctls},
        "ExtraHosts": [f"{name}:{address}" for name, address in spec.extra_hosts.items()],
        "NetworkMode": _network_mode(spec),
        "PortBindings": bindings,
        **({} if spec.outside_names else _NO_OUTSIDE_NAMES),
        "Mounts": [_mount(each, spec) for each in spec.mounts if each.kind != "tmpfs"],
        "Tmpfs": {
            each.target: _tmpfs(each, spec.user)
            for each in (*spec.mounts, *_empty(spec, image_volumes))
            if each.kind == "tmpfs"
        },
    }


def _network_mode(spec: ContainerSpec) -> str:
    if spec.network_of:
        return f"container:{spec.network_of}"
    return spec.networks[0].network if spec.networks else "none"


def _empty(spec: ContainerSpec, image_volumes: Iterable[str]) -> list[Mount]:
    covered = {each.target.rstrip("/") for each in spec.mounts}
    bare = sorted({path.rstrip("/") for path in image_volumes} - covered)
    return [Mount("tmpfs", path, read_only=False) for path in bare]


def _mount(mount: Mount, spec: ContainerSpec) -> dict[str, Any]:
    # The labels matter only when the engine creates the volume, so that none is unlabelled.
    options: dict[str, Any] = (
        {"BindOptions": {"Propagation": "rprivate"}}
        if mount.kind == "bind"
        else {"VolumeOptions": {"Labels": dict(spec.labels)}}
    )
    return {
        "Type": mount.kind,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        **options,
    }


def _tmpfs(mount: Mount, user: str) -> str:
    """Return the mount options; runc gives a tmpfs the mode of the folder below, but no owner."""
    owner = re.fullmatch(r"(\d+):(\d+)", user)
    whose = f"uid={owner[1]},gid={owner[2]}" if owner else "mode=1777"
    access = "ro" if mount.read_only else "rw"
    return f"{access},noexec,nosuid,nodev,size={EMPTY_VOLUME_BYTES},{whose}"
