"""What Python an image has, and which requirements it meets."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.requirements.lines import Requirement, sentence

ODOO = "odoo"
PREFIX = "python:"
_UNKNOWN = Version("0")  # setuptools writes 0.0.0 when it cannot determine a version
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package.

    Attributes:
        version: None when its metadata has no valid version, as Debian's isodate (0.0.0).
        origin: what installed it, as the subject of a sentence.
        extras, requires: optional dependencies, in the words of its metadata.
    """

    name: str
    version: Version | None
    origin: str
    extras: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, version: str, origin: str, **more: tuple[str, ...]) -> "Package":
        """Return a package, whose version may be anything."""
        try:
            known: Version | None = Version(version)
        except InvalidVersion:
            known = None
        return cls(name, None if known == _UNKNOWN else known, origin, **more)


Packages = Mapping[str, Package]
"""Installed packages by their normalised names (PEP 503)."""


@dataclass(frozen=True, slots=True)
class ImagePython:
    """The Python of an image.

    Attributes:
        packages: what is installed; `odoo` is among them, although it is often no package.
        markers: the values of environment markers (PEP 508).
    """

    packages: Packages
    markers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, text: str, image: str) -> "ImagePython":
        """Read what `list_python` printed in the image.

        Args:
            text: JSON, cut into lines that begin with a mark; other lines are warnings.
            image: the image's name, for messages.

        Raises:
            UpstreamFailed: it is something else.
        """
        origin = f"the image {image}"
        try:
            lines = (line for line in text.splitlines() if line.startswith(PREFIX))
            found = json.loads("".join(line.removeprefix(PREFIX) for line in lines))
            packages = [
                Package.of(
                    name,
                    each["version"],
                    origin,
                    extras=tuple(each["extras"]),
                    requires=tuple(each["requires"]),
                )
                for name, each in found["packages"].items()
                if _FILE_NAME.fullmatch(name)
            ]
            if found[
                "odoo"
            ]:  # without the dependencies that Odoo's package lists and does not need
                packages.append(Package.of(ODOO, found["odoo"], origin))
            # Manifests name modules of Python's own, such as csv; a package would not be imported.
            standard = (Package(name, None, "Python") for name in found["standard"])
            return cls(
                {canonicalize_name(each.name): each for each in (*standard, *packages)},
                found["markers"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise UpstreamFailed(
                f"The Python of the image {image} did not list its packages.",
                "Choose an image that has python3 with pip, as Docker Hub's odoo has.",
                output=text[-2000:],
            ) from cause


def missing(
    requirements: Iterable[Requirement], installed: Packages, markers: Mapping[str, str]
) -> tuple[Requirement, ...]:
    """Return the requirements that are not installed yet.

    Raises:
        Conflict: an installed package has another version; the message names both.
    """
    applicable = [each for each in requirements if _applies(each, markers)]
    conflicts = [text for each in applicable if (text := _conflict(each, installed))]
    if conflicts:
        raise Conflict(
            f"{conflicts[0]}{_more(conflicts)}",
            "Ask for the installed version or leave the line out: Odoo runs with its image's "
            "packages, so they are kept. .oduflow/requirements.txt is read in place of "
            "requirements.txt; odoo_image chooses another image.",
            output="\n".join(conflicts) if len(conflicts) > 1 else "",
        )
    return tuple(
        each
        for each in applicable
        if each.parsed.extras or canonicalize_name(each.parsed.name) not in installed
    )


def constraints(installed: Packages, restricted: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the lines of pip's constraints file: installed packages keep their version.

    Args:
        installed: what is installed.
        restricted: the constraints that the repository itself has, for other packages.
    """
    kept = [
        f"{each.name}=={each.version}" for each in installed.values() if each.version is not None
    ]
    own = [
        each.for_pip()
        for each in restricted
        if canonicalize_name(each.parsed.name) not in installed and not each.parsed.extras
    ]
    return (*kept, *own)


def metadata_files(packages: Packages) -> dict[str, str]:
    """Return metadata of installed packages as pip reads it: texts by the names of folders.

    They have no dependencies, apart from those of extras: what Odoo runs with is complete, also
    where Debian leaves out what a package lists.
    """
    texts = {}
    for each in packages.values():
        if each.version is not None:
            lines = ["Metadata-Version: 2.1", f"Name: {each.name}", f"Version: {each.version}"]
            lines += [f"Provides-Extra: {extra}" for extra in each.extras]
            lines += [f"Requires-Dist: {other}" for other in each.requires]
            if all(map(str.isprintable, lines)):
                folder = f"{each.name.replace('-', '_')}-{each.version}.dist-info"
                texts[folder] = "\n".join([*lines, ""])
    return texts


def _applies(requirement: Requirement, markers: Mapping[str, str]) -> bool:
    marker = requirement.parsed.marker
    return marker is None or marker.evaluate(dict(markers))


def _conflict(requirement: Requirement, installed: Packages) -> str:
    package = installed.get(canonicalize_name(requirement.parsed.name))
    if package is None or package.version is None:
        return ""
    if requirement.parsed.specifier.contains(package.version, prereleases=True):
        return ""
    wanted = f"{requirement.parsed.name}{requirement.parsed.specifier}"
    return sentence(
        f"{requirement.place}, asks for {wanted}, "
        f"but {package.origin} has {package.name} {package.version}."
    )


def _more(conflicts: list[str]) -> str:
    return f" {len(conflicts) - 1} more are in the output." if len(conflicts) > 1 else ""
