"""Images: their facts, and how to pull or build a missing one."""

import io
import re
import secrets
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

from docker import APIClient
from docker.errors import NotFound as EngineHasNone

from oduflow.adapters.docker.accounts import home_of, needs_files, resolve_user
from oduflow.adapters.docker.build import VERSIONS, recipes_made
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import FOREIGN, EngineUnreachable, ImageMissing, translated
from oduflow.adapters.docker.payload import create_request
from oduflow.adapters.docker.pull import pull
from oduflow.domain.container import ContainerSpec, ImageFacts
from oduflow.domain.errors import Failure, QuotaReached, UpstreamFailed

OnProgress = Callable[[str], None]
Builder = Callable[[str, str, OnProgress], None]
Puller = Callable[[APIClient, str, OnProgress], None]

_LARGEST_TABLE = 1 << 20  # bytes of /etc/passwd or /etc/group that are read
_LARGEST_HEADER = 64 << 10  # bytes of the archive around it
_NOT_REGULAR = 0x8F280000  # type bits of the engine's modes (Go, io/fs.ModeType)


def allow_any() -> None:
    """Refuse no image."""


class Images:
    """The engine's images.

    Args:
        engine: the engine.
        builder: builds an image from Debian's packages that no registry has; called with its kind
            (`odoo` or `postgres`), the reference to tag it with, and the progress callback.
        labels: mark the containers that are created, never started, to inspect an image.
        puller: makes the engine pull a reference.
    """

    def __init__(
        self,
        engine: Engine,
        builder: Builder,
        labels: Mapping[str, str] | None = None,
        *,
        prefix: str = "oduflow",
        puller: Puller = pull,
    ) -> None:
        self._prefix = prefix
        self._engine = engine
        self._builder = builder
        self._puller = puller
        self._labels = dict(labels or {})
        self._accounts: dict[tuple[str, str], tuple[int, int, str]] = {}
        self._fetching = Lock()

    def facts(self, reference: str) -> ImageFacts:
        """Return the facts of an image on this machine.

        Raises:
            ImageMissing: it is not on this machine.
            UpstreamFailed: its configuration is invalid.
        """
        with translated(f"look up image “{reference}”"):
            found = self._engine.describe_image(reference)
        config: dict[str, Any] = found["Config"]
        uid, gid, home = self._account(found["Id"], config.get("User") or "")
        return ImageFacts(
            id=found["Id"],
            reference=reference,
            uid=uid,
            gid=gid,
            volumes=tuple(sorted(config.get("Volumes") or ())),
            environment=_environment(reference, config.get("Env") or ()),
            home=home,
        )

    def local(self, references: Collection[str]) -> frozenset[str]:
        """Return those of the references that are on this machine.

        Raises:
            EngineUnreachable: the engine does not answer.
        """
        found = set()
        with translated("look up images"):
            for reference in references:
                with suppress(EngineHasNone):
                    self._engine.describe_image(reference)
                    found.add(reference)
        return frozenset(found)

    def names(self) -> tuple[frozenset[str], ...]:
        """Return the tags and digests of each image on this machine.

        Raises:
            EngineUnreachable: the engine does not answer.
        """
        with translated("list images"):
            found = self._engine.api.images()
        return tuple(
            frozenset([*(each.get("RepoTags") or ()), *(each.get("RepoDigests") or ())])
            for each in found
        )

    def account(self, reference: str, user: str) -> tuple[int, int]:
        """Return uid and gid of a user of an image who is not the one it runs as.

        PostgreSQL's image, for example, starts as root and has a user `postgres`.

        Raises:
            ImageMissing: the image is not on this machine.
            UpstreamFailed: it has no such user.
        """
        uid, gid, _home = self._account(self.facts(reference).id, user)
        return uid, gid

    def ensure(
        self,
        reference: str,
        on_progress: OnProgress,
        before_fetch: Callable[[], None] = allow_any,
    ) -> ImageFacts:
        """Return the facts of an image, which is pulled or built first when it is missing.

        Args:
            reference: such as `odoo:19.0`.
            on_progress: gets a line every few seconds.
            before_fetch: raises if the image may not be fetched; only one is fetched at a time.

        Raises:
            ImageMissing: it could be neither pulled nor built; the message has both reasons.
            EngineUnreachable: the engine does not answer.
        """
        with suppress(ImageMissing):
            return self.facts(reference)
        with self._fetching:
            # Another thread may have fetched it while this one waited.
            with suppress(ImageMissing):
                return self.facts(reference)
            before_fetch()
            self._fetch(reference, on_progress)
        return self.facts(reference)

    def _fetch(self, reference: str, on_progress: OnProgress) -> None:
        on_progress(f"Pulling {reference}")
        try:
            with translated(f"pull {reference}"):
                self._engine.ping()
                self._puller(self._engine.api, reference, on_progress)
        except (EngineUnreachable, QuotaReached):
            raise
        except Failure as refusal:
            self._build(reference, on_progress, refusal)

    def _build(self, reference: str, on_progress: OnProgress, refusal: Failure) -> None:
        """Build an image that could not be pulled, if there is a recipe for it."""
        kind = buildable(reference)
        if not kind:
            raise ImageMissing(
                f"Image {reference} is not on this machine and could not be pulled. "
                f"{refusal.message}",
                f"Check its name, or bring it here yourself: `docker pull {reference}` "
                f"or `docker load`. Only {recipes_made()} can be built here.",
            ) from refusal
        on_progress(f"No registry gave {reference}: building it from Debian's packages")
        try:
            self._builder(kind, reference, on_progress)
        except Failure as defeat:
            raise ImageMissing(
                f"Image {reference} is not on this machine, could not be pulled and could not be "
                f"built. Pulling: {refusal.message} Building: {defeat.message}",
                defeat.hint or "Run `oduflow images build` and read what it says.",
                output=defeat.output,
            ) from defeat

    def _account(self, image: str, user: str) -> tuple[int, int, str]:
        """Resolve a user of an image, and cache it: an image with one id never changes.

        Returns:
            Its uid, gid and home folder.
        """
        key = (image, user)
        if key not in self._accounts:
            passwd, group = self._tables(image) if needs_files(user) else ("", "")
            self._accounts[key] = (*resolve_user(user, passwd, group), home_of(user, passwd))
        return self._accounts[key]

    def _tables(self, image: str) -> tuple[str, str]:
        """Read /etc/passwd and /etc/group from a container that is never started."""
        api = self._engine.api
        name = f"{self._prefix}-inspect-{secrets.token_hex(6)}"
        spec = ContainerSpec(name, image, self._labels, entrypoint=("/nonexistent",))
        with translated("inspect an image"):
            volumes = self._engine.describe_image(image)["Config"].get("Volumes") or ()
            container = self._engine.create_container(name, create_request(spec, volumes))
            try:
                return _text(api, container, "/etc/passwd"), _text(api, container, "/etc/group")
            finally:
                with suppress(*FOREIGN):
                    api.remove_container(container, force=True, v=True)


def buildable(reference: str) -> str:
    """Return the kind of the recipe that makes this image, empty when there is none."""
    match = re.fullmatch(r"(?:docker\.io/)?(?:library/)?(\w+):([\w.-]+)", reference)
    if match and match[2] in VERSIONS.get(match[1], {}):
        return match[1]
    return ""


def _text(api: APIClient, container: str, path: str) -> str:
    """Return a small text file of a container, empty when it is missing."""
    try:
        stream, entry = api.get_archive(container, path)
    except EngineHasNone:
        return ""
    if entry["mode"] & _NOT_REGULAR:
        raise UpstreamFailed(f"The image's {path} is no regular file.")
    if entry["size"] > _LARGEST_TABLE:
        raise _too_large(path)
    with tarfile.open(fileobj=io.BytesIO(_joined(stream, path)), mode="r:") as archive:
        member = archive.next()
        content = archive.extractfile(member) if member and member.isfile() else None
        return content.read().decode(errors="replace") if content else ""


def _joined(stream: Iterable[bytes], path: str) -> bytes:
    """Join an archive's parts, and limit its size without relying on the reported one."""
    archive = bytearray()
    for part in stream:
        archive += part
        if len(archive) > _LARGEST_TABLE + _LARGEST_HEADER:
            raise _too_large(path)
    return bytes(archive)


def _too_large(path: str) -> UpstreamFailed:
    return UpstreamFailed(f"The image's {path} is larger than any such file should be.")


def _environment(reference: str, entries: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in entries]
    if not all(name and parted for name, parted, _ in pairs):
        raise UpstreamFailed(f"{reference} has a malformed environment: an entry without “=”.")
    return {name: value for name, _, value in pairs}
