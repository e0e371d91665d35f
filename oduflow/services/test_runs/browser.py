"""The image that tests run in: the environment's own, or the same one with a browser."""

from dataclasses import dataclass

from oduflow.adapters.docker.build import BROWSER_OF, BROWSER_SUFFIX
from oduflow.adapters.docker.errors import ImageMissing
from oduflow.adapters.docker.images import Images
from oduflow.domain.container import ImageFacts


@dataclass(frozen=True, slots=True)
class TestImage:
    """An image for tests.

    Attributes:
        facts: of the image.
        remedy: how to get a browser, for the operator; empty if it has one, as far as is known.
    """

    __test__ = False  # pytest collects classes of such names

    facts: ImageFacts
    remedy: str = ""


def image_for_tests(images: Images, own: ImageFacts) -> TestImage:
    """Return the image with a browser that was built of the environment's image, else that itself.

    Args:
        images: the engine's.
        own: the environment's image.
    """
    tag = f"{own.reference}{BROWSER_SUFFIX}"
    build = f"On the server: `oduflow images build {tag}`"
    if own.environment.get(BROWSER_OF) or "@" in own.reference:  # a digest is no tag
        return TestImage(own)
    try:
        found = images.facts(tag)
    except ImageMissing:
        return TestImage(own, f"{build} adds one.")
    if found.environment.get(BROWSER_OF) != own.id:
        return TestImage(own, f"{tag} was made of another {own.reference}. {build} makes it anew.")
    return TestImage(found)
