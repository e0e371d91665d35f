"""Choose and check an Odoo image: its version, its repository, its user."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from oduflow.adapters.docker.images import Images, buildable
from oduflow.adapters.odoo.conf import DATA_TARGET
from oduflow.adapters.store import Facts
from oduflow.domain.container import ImageFacts
from oduflow.domain.errors import Failure, Invalid, QuotaReached
from oduflow.domain.odoo_version import (
    DEFAULT_VERSION,
    ImageSource,
    OdooVersion,
    OdooVersionView,
)
from oduflow.domain.template import Template
from oduflow.services.deps import Deps

# One or two digits at the start of a tag: matches `19.0-20260101`, but not a bare date.
_VERSION = re.compile(r"(?P<major>\d{1,2})(?:\.\d+)?(?!\d)")
_PLACE = "{version}"
_LOGIN = "odoo"
_CACHE = "/tmp/cache"  # noqa: S108 - of the container, within what its team may fill
MOST_OTHER_IMAGES = 10  # of each team, about 2 GB each
_FETCHED = "fetched_images:"


def choose_image(pattern: str, image: str | None, version: OdooVersion | None) -> str:
    """Return the requested image, else that of the requested version, else the default.

    Args:
        pattern: `[images] odoo`, such as `odoo:{version}`.
        image: the requested image, if any.
        version: the requested version, if any.

    Raises:
        Invalid: both are requested and differ, or the configuration names one image only.
    """
    if version is None:
        return image or image_of(pattern, DEFAULT_VERSION)
    if _PLACE not in pattern and image is None:
        raise Invalid(
            f"odoo_version={version} cannot choose an image: [images] odoo is {pattern}, for every "
            "version.",
            f"Leave odoo_version out, or ask the operator to put {_PLACE} into [images] odoo.",
        )
    chosen = image_of(pattern, version)
    if image not in {None, chosen}:
        raise Invalid(
            f"odoo_image={image} is not odoo_version={version}, whose image is {chosen}.",
            "Pass one of the two.",
        )
    return chosen


def image_of(pattern: str, version: OdooVersion) -> str:
    """Return the image of a version, such as `odoo:17.0`."""
    return pattern.replace(_PLACE, version)


def version_views(images: Images, pattern: str) -> tuple[OdooVersionView, ...]:
    """List the versions that can be requested, newest first, each with the source of its image.

    An engine that does not answer has no local images.
    """
    if _PLACE not in pattern:
        return ()
    wanted = {version: image_of(pattern, version) for version in reversed(OdooVersion)}
    try:
        local = images.local(wanted.values())
    except Failure:
        local = frozenset()
    return tuple(
        OdooVersionView(version=version, image=image, source=_source(image, local))
        for version, image in wanted.items()
    )


def _source(image: str, local: frozenset[str]) -> ImageSource:
    if image in local:
        return ImageSource.LOCAL
    return ImageSource.PULL_OR_BUILD if buildable(image) else ImageSource.PULL


def check_version(template: Template, image: str) -> None:
    """Refuse an image whose major version differs from that of the template's database.

    Raises:
        Invalid: the majors differ.
    """
    theirs, ours = _major(image), _major(template.odoo_image)
    if theirs and ours and theirs != ours:
        raise Invalid(
            f"{image} is another major version than template {template.name} "
            f"({template.odoo_image}).",
            "Leave odoo_image out, or make a template with that image.",
        )


def check_other_version(image: str, version: str) -> None:
    """Refuse an image whose major version differs from that of a database.

    Args:
        image: its reference.
        version: the database's Odoo version, such as `17.0`; empty if it is not known.

    Raises:
        Invalid: they differ.
    """
    theirs, ours = _VERSION.match(version), _major(image)
    if version and ours and (theirs is None or theirs["major"] != ours):
        raise Invalid(
            f"The database is of Odoo {version}, and {image} is another major version.",
            "Leave odoo_image and odoo_version out, or pass those of the database.",
        )


def check_repository(pattern: str, image: str | None) -> None:
    """Refuse a requested image that is not from the operator's repository.

    Args:
        pattern: `[images] odoo`, such as `odoo:{version}`.
        image: the requested image; None when the caller requested none, so that the operator's
            image is used.

    Raises:
        Invalid: the image is from another repository.
    """
    if image is not None and not is_of_repository(pattern, image):
        raise Invalid(
            f"{image} is not an image of the configured repository.",
            f"Leave odoo_image out, or name one like {pattern} ([images] odoo).",
        )


def ensure_image(
    deps: Deps, team: str, reference: str, on_progress: Callable[[str], None]
) -> ImageFacts:
    """Return an image for a team, which is pulled or built first when it is missing.

    Each team may have a limited number of images fetched beside those of the versions, because
    images stay on the disk that all teams share. What the operator pulls is not limited.

    Args:
        deps: the product's parts.
        team: for which it is fetched.
        reference: the requested image.
        on_progress: gets a line every few seconds.

    Raises:
        QuotaReached: the image is missing, and the team had enough others fetched.
        Failure: see `Images.ensure`.
    """
    images, pattern = deps.engine.images, _familiar(deps.settings.images.odoo)
    own = {image_of(pattern, version) for version in OdooVersion}
    wanted = _familiar(reference)

    def check() -> None:
        if wanted in own:
            return
        names = frozenset[str]().union(*images.names())
        # One whose fetching failed, or that the operator removed, no longer counts.
        fetched = [each for each in fetched_images(deps.store.facts, team) if each in names]
        if len(fetched) >= MOST_OTHER_IMAGES:
            raise QuotaReached(
                f"The team has had {len(fetched)} images of {repository_of(pattern)} fetched that "
                f"are on this machine beside those of the versions, and {reference} is not one of "
                "them.",
                "Use an image that is there, or ask the operator: `docker image rm` removes one "
                f"that is not needed, `docker pull {reference}` adds this one.",
            )
        # Written before it is fetched, so that no kill leaves an image that counts for no team.
        deps.store.facts.set(_FETCHED + team, json.dumps([*fetched, wanted]))

    return images.ensure(reference, on_progress, check)


def fetched_images(facts: Facts, team: str) -> tuple[str, ...]:
    """Return the images that were fetched for a team beside those of the versions, by name."""
    return tuple(json.loads(facts.get(_FETCHED + team) or "[]"))


def check_user(image: ImageFacts) -> None:
    """Refuse an image whose user is root: it would run a tenant's code as root.

    Raises:
        Invalid: the image's user is root.
    """
    if image.uid == 0:
        raise Invalid(
            f"{image.reference} runs as root.",
            "Use an image whose USER is another one, such as Docker Hub's odoo.",
        )


def run_as(image: ImageFacts, uid: int | None) -> ImageFacts:
    """Return the image's facts with another user, who keeps the image's group.

    Args:
        image: the image's facts.
        uid: a user of the host that the image's /etc/passwd does not know; None for its own.
    """
    return image if uid is None else replace(image, uid=uid)


def login_environment(image: ImageFacts) -> dict[str, str]:
    """Return the variables that a user without an entry in the image's /etc/passwd needs.

    The engine gives such a user the home `/`, and Python finds no name (getpass.getuser). The home
    stays the image's own, where it may have packages and settings; one outside /var/lib/odoo is
    read-only, so programs keep their caches in /tmp (XDG Base Directory Specification).
    """
    home = image.environment.get("HOME") or image.home or DATA_TARGET
    found = {"HOME": home, "LOGNAME": _LOGIN}
    if not PurePosixPath(home).is_relative_to(DATA_TARGET):
        found["XDG_CACHE_HOME"] = image.environment.get("XDG_CACHE_HOME") or _CACHE
    return found


def _major(image: str) -> str:
    found = _VERSION.match(image.partition("@")[0].removeprefix(repository_of(image))[1:])
    return found["major"] if found else ""


def _familiar(image: str) -> str:
    """Return a name as the engine lists it: without the name of its default registry."""
    return image.removeprefix("docker.io/").removeprefix("library/")


def is_of_repository(pattern: str, image: str) -> bool:
    """Whether an image is from the operator's repository."""
    ours = ".+".join(map(re.escape, repository_of(pattern).split(_PLACE)))
    return re.fullmatch(ours, repository_of(image)) is not None


def repository_of(image: str) -> str:
    """Return the part of a reference before its tag and digest."""
    # A colon before the last slash separates a registry from its port, not a name from its tag.
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"
