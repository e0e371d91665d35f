"""Find the file that an import reads: on this machine, an upload, or at a URL."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.access import ActorKind
from oduflow.domain.errors import Failure, Forbidden, Invalid, NotFound
from oduflow.domain.imported import ImportedFile
from oduflow.domain.upload import SOURCE, upload_of
from oduflow.files.digests import content_digest
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.templates.downloads import downloaded, shown_url
from oduflow.services.uploads.use import used_upload
from oduflow.settings import Settings

HTTPS = "https://"
_TELL_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A backup or filestore on this machine.

    Attributes:
        name: its file name, for messages and the template's row.
        upload: the upload that it is; empty if it is none.
        sha256: of its content, if it is known already.
        place: as in `ImportedFile`.
    """

    path: Path
    name: str
    upload: str = ""
    sha256: str = ""
    place: str = ""

    def state(self) -> str:
        """Return what changes when the file is written to, or when a folder gets other files."""
        if self.path.is_dir():
            return content_digest(self.path, lambda _done: None)
        facts = self.path.stat()
        return f"{facts.st_ino} {facts.st_mtime_ns} {facts.st_size}"

    def identified(self, call: Call) -> ImportedFile:
        """Return by what it is known again; reads the whole of it, unless its digest is known."""
        return ImportedFile(
            name=self.name,
            sha256=self.sha256 or self._read(call),
            upload=self.upload,
            place=self.place,
        )

    def _read(self, call: Call) -> str:
        size, told = max(1, self.path.stat().st_size), 0

        def show(done: int) -> None:
            nonlocal told
            call.raise_if_cancelled()
            if done - told >= _TELL_BYTES:
                told = done
                call.report("digest", f"reading {self.name}: {100 * done // size} %")

        return content_digest(self.path, show)


@contextmanager
def open_source(deps: Deps, call: Call, team: str, source: str) -> Iterator[LocalSource]:
    """Yield a source, as `resolve` does.

    Raises:
        Failure: as `resolve`.
    """
    name, row = upload_of(source), None
    if name:
        row = deps.store.uploads.get(team, name)
    with resolve(deps, call, team, source) as path:
        if row is None:
            yield LocalSource(path, shown_name(source), place=place_of(source))
        else:  # its content has the digest that was named: `used_upload` has proven it
            yield LocalSource(path, row.file_name or name, name, row.sha256)


def is_url(source: str) -> bool:
    """Whether a source is fetched."""
    return source.lower().startswith(HTTPS)


def shown_name(source: str) -> str:
    """Return the file name of a path or URL, without what may be secret."""
    return _shown(source).rstrip("/").rpartition("/")[2]


def place_of(source: str) -> str:
    """Return the SHA-256 of a path, or of a URL without what may be secret."""
    return hashlib.sha256(_shown(source).encode("utf-8", "surrogateescape")).hexdigest()


def _shown(source: str) -> str:
    return shown_url(source) if is_url(source) else source


@contextmanager
def resolve(deps: Deps, call: Call, team: str, source: str) -> Iterator[Path]:
    """Yield the path of a source for as long as the block runs, and report the progress.

    Only this process can open the path.

    Args:
        deps: the dependencies.
        call: reports the progress, and stops when it is cancelled.
        team: the team that imports.
        source: `upload:<name>`; an https URL of a host in `[storage] import_hosts`; or an absolute
            path below a folder of `[storage] import_folders`, on the command line any path.

    Raises:
        Failure: the source is not allowed, absent, incomplete, or could not be fetched.
    """
    if source.startswith(SOURCE):
        with used_upload(deps.store.uploads, deps.work, call, team, upload_of(source)) as path:
            yield path
    elif is_url(source):
        with downloaded(deps, call, team, source) as path:
            yield path
    elif "://" in source:
        raise Invalid(
            "Files are fetched over https only.", "Write https://host/path, or upload the file."
        )
    else:
        with _local(deps.settings, call, team, source) as path:
            yield path


@contextmanager
def _local(settings: Settings, call: Call, team: str, source: str) -> Iterator[Path]:
    """Hold a file or folder of this machine, and yield a path that leads to it and no other.

    A team may write into its folder: it could put a link in the place of what was checked.
    """
    path = Path(source)
    if not path.is_absolute():
        raise Invalid(
            f"“{source}” is not an absolute path.",
            f"Write the whole path, an https URL, or {SOURCE}NAME of an upload.",
        )
    folders = [folder.resolve() for folder in settings.storage.folders_of(team)]
    # The command line runs as a user who may read the data folder.
    everywhere = call.actor.kind is ActorKind.CLI

    def check(found: Path) -> None:
        if not everywhere and not any(map(found.is_relative_to, folders)):
            raise Forbidden(
                f"{source} is not below a folder of import_folders.",
                "An operator can list its folder in import_folders of [storage] in oduflow.toml.",
            )

    found = Path(os.path.realpath(path))  # also of a link to itself, where resolve() fails
    check(found)  # before it can say whether there is such a file elsewhere
    try:
        held = os.open(found, os.O_PATH | os.O_CLOEXEC)
    except OSError as cause:
        raise _absent(source) from cause
    try:
        opened = Path(f"/proc/self/fd/{held}")
        check(opened.readlink())
        mode = os.fstat(held).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise Invalid(f"{source} is neither a file nor a folder.", "Check the path.")
        yield opened
    finally:
        os.close(held)


def _absent(source: str) -> Failure:
    return NotFound(f"There is no file {source} on the server.", "Check the path.")
