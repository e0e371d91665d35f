"""Check what a manifest's `external_dependencies` asks for, as Odoo does before it installs."""

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from oduflow.domain.errors import Invalid

MAX_CHARACTERS = 80  # of a manifest's text in a message
_OTHER_IMAGE = "Use an Odoo image that has it: odoo_image."


@dataclass(frozen=True, slots=True)
class Libraries:
    """The Python libraries that an environment's Odoo can use.

    Attributes:
        image: the versions of the image's distributions, by their normal names.
        requirements: those that requirements installed, which Python finds first.
        importable: the names that Python can import.
    """

    image: Mapping[str, str]
    requirements: Mapping[str, str]
    importable: frozenset[str]


def library_problem(
    module: str, text: str, libraries: Libraries, image: str, *, fixed: bool
) -> Invalid | None:
    """Return why Odoo refuses a module for a Python library; None if it does not.

    Args:
        module: the module's name.
        text: the requirement in its manifest, in the form of PEP 508.
        libraries: what there is.
        image: the image's reference.
        fixed: whether there is no repository whose requirements.txt could install more.
    """
    shown = text[:MAX_CHARACTERS]
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return Invalid(
            f"{module} needs the Python library “{shown}”, which is not a valid requirement.",
            "Write it in its manifest as 'lxml>=5', for example, and push.",
        )
    if requirement.marker is not None:  # only the image's Python can evaluate it
        return None
    return _unmet(module, requirement, shown, libraries, image, fixed=fixed)


def _unmet(
    module: str,
    requirement: Requirement,
    shown: str,
    libraries: Libraries,
    image: str,
    *,
    fixed: bool,
) -> Invalid | None:
    name = canonicalize_name(requirement.name)
    version = libraries.requirements.get(name, libraries.image.get(name))
    if version is None:
        # Odoo imports the text as a name, which it is without a version only.
        return (
            None
            if shown.partition(".")[0] in libraries.importable
            else _absent(module, shown, image, fixed=fixed)
        )
    if not version or _fits(requirement, version):
        return None
    needs = f"{module} needs the Python library {shown}, and"
    if name in libraries.requirements:
        return Invalid(
            f"{needs} requirements.txt installs {name} {version}.",
            f"Ask for {shown} in the requirements.txt too, or correct the manifest, and push.",
        )
    return Invalid(
        f"{needs} {image} has {name} {version}.",
        "Odoo runs with its image's packages: correct the manifest and push, or use an Odoo image "
        "that has that version: odoo_image.",
    )


def _fits(requirement: Requirement, version: str) -> bool:
    try:
        return not requirement.specifier or requirement.specifier.contains(version)
    except InvalidVersion:  # a distribution of its own kind, which Odoo judges
        return True


def program_problem(
    module: str, program: str, programs: Collection[str], image: str
) -> Invalid | None:
    """Return why Odoo refuses a module for a program; None if it does not.

    A program with a folder is looked for there. A folder that is not on the path is unknown, so
    Odoo itself has to look.
    """
    folder = posixpath.dirname(program)
    if not program or program in programs:
        return None
    if folder and folder not in {posixpath.dirname(each) for each in programs}:
        return None
    return Invalid(
        f"{module} needs the program {program[:MAX_CHARACTERS]}, which {image} has not.",
        _OTHER_IMAGE,
    )


def _absent(module: str, library: str, image: str, *, fixed: bool) -> Invalid:
    needs = f"{module} needs the Python library {library}, which"
    if fixed:
        return Invalid(f"{needs} {image} has not.", _OTHER_IMAGE)
    return Invalid(
        f"{needs} neither {image} nor a requirements.txt installs.",
        f"Add {library} to the requirements.txt of the repository, and push.",
    )
