"""What a template was imported from, by content, and how another import differs."""

from collections.abc import Callable, Mapping
from typing import Self

from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model

OPTIONS = ("odoo_version", "odoo_image")
"""The arguments of an import that a template shows, besides its files."""

_DIGITS = 12  # of a SHA-256 in a message


class ImportedFile(Model):
    """A backup or a filestore that was imported.

    Attributes:
        name: its file name.
        sha256: of its content; of a folder, of the names and sizes in it.
        upload: the upload that it was, which is removed since; empty if it was none.
        place: the SHA-256 of its path, or of its URL without what may be secret; empty of an
            upload.
    """

    name: str
    sha256: str
    upload: str = ""
    place: str = ""

    def __str__(self) -> str:
        return f"{self.name} (SHA-256 {self.sha256[:_DIGITS]}…)"


class ImportedFrom(Model):
    """The files that a template was imported from; without a filestore of its own, None."""

    source: ImportedFile
    filestore: ImportedFile | None = None

    def differences(self, wanted: Self) -> tuple[str, ...]:
        """Return a text for each file whose content is another one; names may differ."""
        pairs = (
            ("source", self.source, wanted.source),
            ("filestore", self.filestore, wanted.filestore),
        )
        return tuple(
            f"{field} is {there or 'none'}, not {other or 'none'}"
            for field, there, other in pairs
            if (there and there.sha256) != (other and other.sha256)
        )


def refuse_other_options(
    name: str, there: Mapping[str, object], wanted: Mapping[str, object], *again: Next
) -> None:
    """Refuse a call that names an option which the template has otherwise.

    Args:
        name: the template's.
        there: the template, which has OPTIONS.
        wanted: the arguments of the call; None where it leaves one out.
        again: the call that makes a new version, if it can be made again as it is.

    Raises:
        Conflict: it says what differs.
    """
    differing = tuple(
        f"{option} is {there[option]}, not {wanted[option]}"
        for option in OPTIONS
        if option in there and wanted.get(option) not in (None, there[option])
    )
    if differing:
        raise another_import(name, differing, *again)


def refuse_other_import(
    name: str,
    there: tuple[Mapping[str, object], ImportedFrom],
    wanted: tuple[Mapping[str, object], Callable[[], ImportedFrom]],
    *again: Next,
) -> None:
    """Refuse a call that would import something else than what the template is from.

    Args:
        name: the template's.
        there: the template, which has OPTIONS, and its files.
        wanted: the arguments of the call, and what identifies its files; the options are compared
            first, because that may read the files.
        again: as in `refuse_other_options`.

    Raises:
        Conflict: it says what differs.
    """
    refuse_other_options(name, there[0], wanted[0], *again)
    if differing := there[1].differences(wanted[1]()):
        raise another_import(name, differing, *again)


def another_import(name: str, differing: tuple[str, ...], *again: Next) -> Conflict:
    """Return the error for an import under the name of a template that differs."""
    return Conflict(
        f"Template “{name}” exists already and differs: {'; '.join(differing)}.",
        "Choose another name, or make a new version of it with replace.",
        Next.of("list_templates", "shows the existing ones"),
        *again,
    )
