"""Check an Odoo image: its major version, its repository, its user."""

import re

from oduflow.domain.container import ImageFacts
from oduflow.domain.errors import Invalid
from oduflow.domain.template import Template

# One or two digits at the start of a tag: matches `19.0-20260101`, but not a bare date.
_VERSION = re.compile(r"(?P<major>\d{1,2})(?:\.\d+)?(?!\d)")


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


def check_repository(pattern: str, image: str | None) -> None:
    """Refuse a requested image that is not from the operator's repository.

    Args:
        pattern: `[images] odoo`, such as `odoo:{version}`.
        image: the requested image; None when the caller requested none, so that the operator's
            image is used.

    Raises:
        Invalid: the image is from another repository.
    """
    ours = ".+".join(map(re.escape, _repository(pattern).split("{version}")))
    if image is not None and not re.fullmatch(ours, _repository(image)):
        raise Invalid(
            f"{image} is not an image of the configured repository.",
            f"Leave odoo_image out, or name one like {pattern} ([images] odoo).",
        )


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


def _major(image: str) -> str:
    found = _VERSION.match(image.partition("@")[0].removeprefix(_repository(image))[1:])
    return found["major"] if found else ""


def _repository(image: str) -> str:
    # A colon before the last slash separates a registry from its port, not a name from its tag.
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"
