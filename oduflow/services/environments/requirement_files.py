"""Read the requirements of a checkout, with the files that they include."""

import codecs
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from oduflow.domain.errors import Invalid
from oduflow.domain.requirements.lines import (
    Include,
    Option,
    Requirement,
    parse_requirements,
    sentence,
    shown,
)
from oduflow.files.beneath import LeadsOut, NotReadable, read_beneath

PLACES = (".oduflow/requirements.txt", "requirements.txt")  # the first one wins
MAX_REQUIREMENTS_BYTES = 64 << 10
MAX_FILES = 20
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """What one repository asks for.

    Attributes:
        source: the file, as in “the repository's requirements.txt”.
        options: pip's options that the file sets.
    """

    source: str
    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    options: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return everything that decides what is installed."""
        constraints = (f"-c {each.for_pip()}" for each in self.constraints)
        return (*self.options, *(each.for_pip() for each in self.requirements), *constraints)


def read_requirements(checkout: Path, owner: str, index: str = "") -> RequirementsFile | None:
    """Return the requirements of a checkout; None if it has none.

    Args:
        checkout: its folder.
        owner: the possessive in messages, such as “the repository's”.
        index: the configured package index.

    Raises:
        Invalid: a file cannot be read, or asks for more than packages.
    """
    reader, place = _read(checkout, owner, index)
    if not reader.requirements:
        return None
    return RequirementsFile(
        f"{owner} {place}",
        tuple(reader.requirements),
        tuple(reader.constraints),
        reader.all_options(),
    )


def requirement_paths(checkout: Path, owner: str, index: str = "") -> frozenset[str]:
    """Return the files that the requirements of a checkout are read from, and what links lead to.

    Raises:
        Invalid: as `read_requirements`.
    """
    root = os.path.realpath(checkout)
    named = (str(path) for path, _ in _read(checkout, owner, index)[0].seen)
    real = {each: os.path.realpath(checkout / each) for each in named}
    places = (os.path.relpath(place, root) for place in real.values())
    return frozenset({*map(os.path.normpath, real), *places})


def _read(checkout: Path, owner: str, index: str) -> tuple["_FileReader", str]:
    """Read the first file that exists; return what was read, and the file."""
    for place in PLACES if checkout.is_dir() else ():
        reader = _FileReader(checkout, owner, index)
        if reader.read(PurePosixPath(place)):
            return reader, place
    return _FileReader(checkout, owner, index), ""


@dataclass(slots=True)
class _FileReader:
    """Reads a file and what it includes."""

    checkout: Path
    owner: str
    index: str
    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    seen: set[tuple[PurePosixPath, bool]] = field(default_factory=set)

    def all_options(self) -> tuple[str, ...]:
        """Return the options; one hash makes them necessary, also if its line is left out later."""
        hashed = any(each.hashes for each in self.requirements)
        return tuple(dict.fromkeys([*self.options, *["--require-hashes"] * hashed]))

    def read(self, path: PurePosixPath, asked: str = "", *, constraint: bool = False) -> bool:
        """Read a file unless it was read before; return whether it exists.

        Args:
            path: the file, relative to the checkout.
            asked: the line that includes it, for messages; empty for the first file.
            constraint: whether its packages are only restricted, not installed.
        """
        if (path, constraint) in self.seen:
            return True
        self.seen.add((path, constraint))
        if len(self.seen) > MAX_FILES:
            raise Invalid(
                sentence(f"{asked}, includes too many files."), f"At most {MAX_FILES} are read."
            )
        text = self._text(path, asked)
        if text is None:
            return False
        for line in parse_requirements(text, f"{self.owner} {path}", self.index):
            if isinstance(line, Include):
                self._include(path.parent / line.path, line, constraint=constraint)
            elif isinstance(line, Option):
                self.options.append(line.text)
            else:
                (self.constraints if constraint else self.requirements).append(line)
        return True

    def _include(self, path: PurePosixPath, line: Include, *, constraint: bool) -> None:
        if not self.read(path, line.place, constraint=constraint or line.constraint):
            raise Invalid(
                sentence(f"{line.place}, includes “{shown(line.path)}”, which does not exist."),
                "The path is relative to the file that includes it.",
            )

    def _text(self, path: PurePosixPath, asked: str) -> str | None:
        try:
            raw = read_beneath(self.checkout, str(path), MAX_REQUIREMENTS_BYTES)
        except FileNotFoundError:
            return None
        except LeadsOut as cause:
            subject = (
                f"{asked}, includes “{shown(str(path))}”, which"
                if asked
                else f"{self.owner} {path}"
            )
            raise Invalid(
                sentence(f"{subject} leads out of the repository."),
                "Commit the file itself; links are followed only inside the repository.",
            ) from cause
        except NotReadable as cause:
            raise Invalid(
                sentence(f"{self.owner} {path} {cause}."), "Commit a text file that names packages."
            ) from cause
        return self._decoded(raw, path)

    def _decoded(self, raw: bytes, path: PurePosixPath) -> str:
        encoding = next((name for mark, name in _ENCODINGS if raw.startswith(mark)), "utf-8")
        text = raw.decode(encoding, "replace")  # Latin-1 in comments does no harm
        if "\0" in text:
            raise Invalid(
                sentence(
                    f"{self.owner} {path} is not UTF-8: it looks like UTF-16 without its mark."
                ),
                "Save it as UTF-8. In PowerShell: pip freeze | Out-File -Encoding utf8 "
                f"{path.name}",
            )
        return text
