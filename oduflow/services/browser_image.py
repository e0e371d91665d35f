"""The image with a browser that was built of an environment's image."""

from dataclasses import dataclass

from oduflow.adapters.docker.build import BROWSER_OF, BROWSER_SUFFIX
from oduflow.adapters.docker.errors import ImageMissing
from oduflow.adapters.docker.images import Images
from oduflow.domain.container import ImageFacts


@dataclass(frozen=True, slots=True)
class BrowserImage:
    """An environment's image, with a browser if there is such a one.

    Attributes:
        facts: of the image.
        remedy: how to get a browser, for the operator; empty if it has one, as far as is known.
    """

    facts: ImageFacts
    remedy: str = ""

    @property
    def has_browser(self) -> bool:
        """Whether it was built with a browser."""
        return bool(self.facts.environment.get(BROWSER_OF))


def browser_image(images: Images, own: ImageFacts) -> BrowserImage:
    """Return the image with a browser that was built of the environment's image, else that itself.

    Args:
        images: the engine's.
        own: the environment's image.
    """
    tag = f"{own.reference}{BROWSER_SUFFIX}"
    build = f"On the server: `oduflow images build {tag}`"
    if own.environment.get(BROWSER_OF) or "@" in own.reference:  # a digest is no tag
        return BrowserImage(own)
    try:
        found = images.facts(tag)
    except ImageMissing:
        return BrowserImage(own, f"{build} adds one.")
    if found.environment.get(BROWSER_OF) != own.id:
        return BrowserImage(
            own, f"{tag} was made of another {own.reference}. {build} makes it anew."
        )
    return BrowserImage(found)
