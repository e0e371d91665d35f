"""Named volumes."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from docker.errors import NotFound as EngineHasNone

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import translated
from oduflow.adapters.docker.facts import bound_folder, bound_options, label_filter, volume_facts
from oduflow.domain.container import VolumeFacts
from oduflow.domain.errors import Conflict


class VolumeFolders(Protocol):
    """Folders of the host for volumes that Docker shall not keep in its own folder."""

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return the folders that a volume has or could have."""

    def new(self, name: str, labels: Mapping[str, str]) -> Path | None:
        """Make the folder of a new volume; None when Docker shall keep it."""

    def remove(self, name: str, folder: Path | None) -> None:
        """Remove the folder with its files; a missing one is no error.

        Without a folder, because the volume is gone already, it is searched for.
        """

    def require_folder(self, folder: Path) -> None:
        """Refuse work on a folder whose file system is not there."""


class Volumes:
    """The engine's volumes, addressed by name.

    Args:
        engine: the connection.
        folders: where new volumes are kept; without it Docker keeps them.
    """

    def __init__(self, engine: Engine, folders: VolumeFolders | None = None) -> None:
        self._engine = engine
        self._folders = folders

    def ensure(
        self, name: str, *, labels: Mapping[str, str], options: Mapping[str, str] | None = None
    ) -> VolumeFacts:
        """Create a volume, or check that the existing one is as asked.

        Args:
            name: the volume's name.
            labels: mark the volume as the instance's.
            options: options of the local driver, such as `type=overlay` with its folders; None
                for a volume of plain files, which stays where it is.

        Raises:
            Conflict: it exists with other labels or options.
        """
        wanted = self._place(name, labels) if options is None else dict(options)
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
            found = self._inspected(name)
        return None if found is None else volume_facts(found)

    def mountpoint(self, name: str) -> Path:
        """Return the folder of the host that holds the volume's files, mounted or not.

        Raises:
            NotFound: there is no such volume.
            UpstreamFailed: its folder is in a file system that is not mounted: an empty folder
                would be taken for lost files.
        """
        with translated(f"look up volume “{name}”"):
            folder = volume_facts(self._engine.api.inspect_volume(name)).mountpoint
        self._require(folder)
        return folder

    def remove(self, name: str) -> None:
        """Remove a volume with its content; a missing one is no error.

        Raises:
            Conflict: a container, running or not, still uses it.
            UpstreamFailed: its folder is in a file system that is not mounted; the volume stays, so
                that the removal can be repeated.
        """
        facts = self.facts(name)
        if facts is not None:
            self._require(facts.mountpoint)
        with translated(f"remove volume “{name}”"), suppress(EngineHasNone):
            self._engine.api.remove_volume(name)
        if self._folders is not None:  # also after a kill between the two
            self._folders.remove(name, None if facts is None else facts.mountpoint)

    def release(self, name: str) -> None:
        """Remove a volume of the pool, or one whose files are elsewhere now; keep its folder.

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

    def _require(self, folder: Path) -> None:
        if self._folders is not None:
            self._folders.require_folder(folder)

    def _place(self, name: str, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the options of a volume of plain files: those it has, or those of a new one."""
        with translated(f"look up volume “{name}”"):
            found = self._inspected(name)
        folder: Path | str | None = None
        if found is not None:
            folder = bound_folder(found)
            known = () if self._folders is None else map(str, self._folders.paths(name))
            if folder not in known:
                return {}
        elif self._folders is not None:
            folder = self._folders.new(name, labels)
        return bound_options(folder) if folder else {}

    def _inspected(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._engine.api.inspect_volume(name)
        except EngineHasNone:
            return None
        return found
