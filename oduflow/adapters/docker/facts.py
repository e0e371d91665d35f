"""The engine's descriptions, converted into the product's."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oduflow.domain.container import ContainerFacts, NetworkFacts, VolumeFacts

BRIDGE_NAME = "com.docker.network.bridge.name"
_BOUND = ("none", "bind")  # the local driver's options of a volume in a folder of the host
_NEVER = "0001-01-01T00:00:00Z"


def label_filter(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the filter for objects with all these labels; an empty value matches any value."""
    return {"label": [f"{key}={value}" if value else key for key, value in labels.items()]}


def from_inspect(found: Mapping[str, Any]) -> ContainerFacts:
    """Convert `GET /containers/{id}/json`."""
    state = found["State"]
    started = state["StartedAt"]
    return ContainerFacts(
        id=found["Id"],
        name=found["Name"].lstrip("/"),
        status=state["Status"],
        exit_code=state["ExitCode"],
        labels=found["Config"]["Labels"] or {},
        addresses=_addresses(found),
        started_at="" if started == _NEVER else started,
        out_of_memory=bool(state.get("OOMKilled")),
    )


def from_list(found: Mapping[str, Any]) -> ContainerFacts:
    """Convert one entry of `GET /containers/json`, which has the exit code in a text only."""
    exited = re.match(r"Exited \((\d+)\)", found["Status"])
    return ContainerFacts(
        id=found["Id"],
        name=found["Names"][0].lstrip("/"),
        status=found["State"],
        exit_code=int(exited[1]) if exited else 0,
        labels=found["Labels"] or {},
        addresses=_addresses(found),
        started_at="",
    )


def network_facts(found: Mapping[str, Any]) -> NetworkFacts:
    """Convert `GET /networks/{id}` or one entry of `GET /networks`."""
    pools = found["IPAM"].get("Config") or [{}]
    return NetworkFacts(
        name=found["Name"],
        bridge=(found["Options"] or {}).get(BRIDGE_NAME, ""),
        subnet=pools[0].get("Subnet", ""),
        labels=found["Labels"] or {},
    )


def volume_facts(found: Mapping[str, Any]) -> VolumeFacts:
    """Convert `GET /volumes/{name}` or one entry of `GET /volumes`."""
    return VolumeFacts(
        name=found["Name"],
        labels=found["Labels"] or {},
        mountpoint=Path(bound_folder(found) or found["Mountpoint"]),
        kept_by_engine=not found.get("Options"),
    )


def bound_folder(found: Mapping[str, Any]) -> str:
    """Return the folder that a volume is bound to, empty for one that Docker keeps itself.

    Docker mounts it at its own mount point only while a container uses the volume.
    """
    options = found.get("Options") or {}
    bound = (options.get("type"), options.get("o")) == _BOUND
    return str(options["device"]) if bound else ""


def bound_options(folder: Path | str) -> dict[str, str]:
    """Return the local driver's options of a volume that is bound to a folder of the host."""
    type_, option = _BOUND
    return {"type": type_, "o": option, "device": str(folder)}


def _addresses(found: Mapping[str, Any]) -> dict[str, str]:
    joined = (found.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: each["IPAddress"] for name, each in joined.items() if each.get("IPAddress")}
