"""Named volumes."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from docker.errors import NotFound as EngineHasNone

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import translated
from oduflow.adapters.docker.facts import label_filter, volume_facts
from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import Conflict


class Volumes:
    """The engine's volumes, addressed by name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ensure(
        self, name: str, *, labels: Mapping[str, str], options: Mapping[str, str] | None = None
    ) -> VolumeFacts:
        """Create a volume, or check that the existing one is as asked.

        Args:
            name: the volume's name.
            labels: mark the volume as the instance's.
            options: options of the local driver, such as `type=overlay` with its folders.

        Raises:
            Conflict: it exists with other labels or options.
        """
        wanted = dict(options or {})
        with translated(f"create volume “{name}”"):
            found = self._engine.api.create_volume(
                name, driver="local", driver_opts=wanted, labels=dict(labels)
            )
        # For an existing volume the engine ignores the request and returns it unchanged.
        facts = volume_facts(found)
        if (found.get("Options") or {}) != wanted or facts.labels != dict(labels):
            raise Conflict(
                f"Volume “{name}” exists, but with other labels or options.",
                f"Remove it if nothing needs it: `docker volume rm {name}`.",
            )
        return facts

    def facts(self, name: str) -> VolumeFacts | None:
        """Return the facts of a volume, None when there is none."""
        with translated(f"look up volume “{name}”"):
            try:
                return volume_facts(self._engine.api.inspect_volume(name))
            except EngineHasNone:
                return None

    def mountpoint(self, name: str) -> Path:
        """Return the folder of the engine's host that holds the volume's files.

        Raises:
            NotFound: there is no such volume.
        """
        with translated(f"look up volume “{name}”"):
            return volume_facts(self._engine.api.inspect_volume(name)).mountpoint

    def remove(self, name: str) -> None:
        """Remove a volume with its content; a missing one is no error.

        Raises:
            Conflict: a container, running or not, still uses it.
        """
        with translated(f"remove volume “{name}”"), suppress(EngineHasNone):
            self._engine.api.remove_volume(name)

    def list(self, labels: Mapping[str, str]) -> tuple[VolumeFacts, ...]:
        """Return every volume with all these labels; an empty value matches any value."""
        with translated("list the volumes"):
            found = self._engine.api.volumes(filters=label_filter(labels))
        return tuple(volume_facts(each) for each in found.get("Volumes") or ())
