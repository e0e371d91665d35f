"""What a template was imported from, by content, and how another import differs."""

from collections.abc import Mapping
from typing import Self

from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model

_DIGITS = 12  # of a SHA-256 in a message


class ImportedFile(Model):
    """A backup or a filestore that was imported.

    Attributes:
        name: its file name.
        sha256: of its content; of a folder, of the names and sizes in it.
        upload: the upload that it was, which is removed since; empty if it was none.
    """

    name: str
    sha256: str
    upload: str = ""

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


def differing_options(there: Mapping[str, str], wanted: Mapping[str, object]) -> tuple[str, ...]:
    """Return a text for each option that a call names and that the template has otherwise.

    Args:
        there: the template's odoo_version and odoo_image.
        wanted: the call's; None where it leaves one out.
    """
    return tuple(
        f"{name} is {value}, not {wanted[name]}"
        for name, value in there.items()
        if wanted.get(name) is not None and str(wanted[name]) != value
    )


def another_import(name: str, differing: tuple[str, ...]) -> Conflict:
    """Return the error for an import under the name of a template that differs."""
    return Conflict(
        f"Template “{name}” exists already and differs: {'; '.join(differing)}.",
        "Choose another name, or make a new version of it with replace.",
        Next.of("list_templates", "shows the existing ones"),
    )
