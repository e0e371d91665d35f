"""Volumes of the engine in memory: real folders."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import Conflict, NotFound, UpstreamFailed
from tests.support.memory.engine import MemoryEngine, carries


class MemoryVolumes:
    """Has the methods of `adapters.docker.volumes.Volumes`."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.absent: set[str] = set()
        """The volumes whose file system is not mounted."""

    def ensure(
        self, name: str, *, labels: Mapping[str, str], options: Mapping[str, str] | None = None
    ) -> VolumeFacts:
        found = self._engine.volumes.get(name) or make_volume(self._engine, name, labels, options)
        if self._engine.options.get(name) != options or found.labels != dict(labels):
            raise Conflict(f"Volume {name} exists, but with other labels or options.")
        return found

    def facts(self, name: str) -> VolumeFacts | None:
        return self._engine.volumes.get(name)

    def mountpoint(self, name: str) -> Path:
        found = self.facts(name)
        if found is None:
            raise NotFound(f"There is no volume {name}.")
        self._require(name)
        return found.mountpoint

    def remove(self, name: str) -> None:
        found = self.facts(name)
        if found is None:
            return
        self._require(name)
        for container in self._engine.containers.values():
            if any(mount.source == name for mount in container.spec.mounts):
                raise Conflict(f"{container.spec.name} uses volume {name}.")
        if self._engine.options.pop(name, None) is None:
            shutil.rmtree(found.mountpoint)
        del self._engine.volumes[name]

    def _require(self, name: str) -> None:
        if name in self.absent:
            raise UpstreamFailed("The pool's image is not mounted.")

    def release(self, name: str) -> None:
        self.remove(name)

    def list(self, labels: Mapping[str, str]) -> tuple[VolumeFacts, ...]:
        everything = self._engine.volumes.values()
        return tuple(each for each in everything if carries(each.labels, labels))


def make_volume(
    engine: MemoryEngine,
    name: str,
    labels: Mapping[str, str],
    options: Mapping[str, str] | None = None,
) -> VolumeFacts:
    """Make a volume with its folder, or one that shows other folders."""
    folder = engine.folder / name
    if options is None:
        folder.mkdir(parents=True)
    else:
        engine.options[name] = dict(options)
        folder = _shown(options)
    engine.volumes[name] = VolumeFacts(name, dict(labels), folder)
    return engine.volumes[name]


def _shown(options: Mapping[str, str]) -> Path:
    """Return the folder that a volume shows; of an overlay the one that takes what is written."""
    layers = dict(each.partition("=")[::2] for each in options["o"].split(","))
    return Path(layers.get("upperdir", options["device"]))
