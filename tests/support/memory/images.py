"""Images of the engine in memory."""

from collections.abc import Callable, Iterable
from types import MappingProxyType

from oduflow.adapters.docker.errors import ImageMissing
from oduflow.adapters.docker.images import allow_any
from oduflow.domain.container import ImageFacts
from oduflow.domain.errors import UpstreamFailed

UNCHANGED = -1  # a file given to this user keeps its owner, so no test needs root (chown(2))


def image(reference: str, uid: int = UNCHANGED) -> ImageFacts:
    """Describe an image that runs as a user."""
    return ImageFacts(f"sha256:{reference}", reference, uid, uid, (), MappingProxyType({}))


class MemoryImages:
    """Has the methods of `adapters.docker.images.Images`.

    Attributes:
        here: the images on this machine, by reference.
        registry: those that can be pulled.
    """

    def __init__(self, here: Iterable[ImageFacts], registry: Iterable[ImageFacts] = ()) -> None:
        self.here = {each.reference: each for each in here}
        self.registry = {each.reference: each for each in registry}

    def facts(self, reference: str) -> ImageFacts:
        return self.require(reference)

    def local(self, references: Iterable[str]) -> frozenset[str]:
        return frozenset(references) & frozenset(self.here)

    def account(self, reference: str, user: str) -> tuple[int, int]:
        found = self.require(reference)
        if user.startswith("no-such"):
            raise UpstreamFailed(f"The image has no user {user}.")
        return found.uid, found.gid

    def names(self) -> tuple[frozenset[str], ...]:
        return tuple(map(frozenset, ([each] for each in self.here)))

    def ensure(
        self,
        reference: str,
        on_progress: Callable[[str], None],
        before_fetch: Callable[[], None] = allow_any,
    ) -> ImageFacts:
        if reference not in self.here:
            before_fetch()
            on_progress(f"Pulling {reference}")
            if reference in self.registry:
                self.here[reference] = self.registry[reference]
        return self.require(reference)

    def require(self, reference: str) -> ImageFacts:
        """Return an image by its reference or id."""
        for each in self.here.values():
            if reference in {each.reference, each.id}:
                return each
        raise ImageMissing(f"Image {reference} is not on this machine.")
