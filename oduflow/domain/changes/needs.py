"""The changes of a repository's files, and what each of them needs."""

from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """The least that is right for a change, the cheapest first.

    ASSETS: the bundles of scripts and styles are made anew.
    TRANSLATIONS: terms are loaded into the database.
    RELOAD: a file of data is loaded into the database in place.
    RESTART: Odoo imports its Python code anew.
    """

    NOTHING = "nothing"
    ASSETS = "assets"
    TRANSLATIONS = "translations"
    RELOAD = "reload"
    RESTART = "restart"
    PACKAGES = "packages"
    UPGRADE = "upgrade"
    INSTALL = "install"
    UNINSTALL = "uninstall"

    @property
    def rank(self) -> int:
        """Its place among all, from the cheapest on."""
        return list(Need).index(self)


class EntryKind(StrEnum):
    """What a path of a repository is."""

    FILE = "file"
    LINK = "link"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A path at which two states of a repository differ.

    Attributes:
        path: from the root of the repository on.
        old, new: the contents; None where there is no file. Of a link its text, of a submodule
            its commit.
        kind: what it is in either state.
        read: whether the contents were read; one that is too large was not.
    """

    path: str
    old: bytes | None
    new: bytes | None
    kind: EntryKind = EntryKind.FILE
    read: bool = True

    @property
    def added(self) -> bool:
        """Whether it is new."""
        return self.old is None

    @property
    def removed(self) -> bool:
        """Whether it is gone."""
        return self.new is None


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What one change needs.

    Attributes:
        path: the file, or the folder of a module that is new or gone.
        module: the module that it is about; empty for none.
        need: the least that is right.
        why: a clause about the change, such as `field Note.size is new`.
        file: the path inside the module, of a file that is loaded in place.
        order: its place among the module's files of data.
        ids: the records that are loaded, each with its module: `sale.view_order`.
        languages: those in which terms are loaded.
        owners: other modules, of which the file does not set a record, or a part of it, any more.
        warning: what does not take effect though it was changed; empty for nothing.
    """

    path: str
    module: str
    need: Need
    why: str
    file: str = ""
    order: int = 0
    ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    warning: str = ""
    owners: tuple[str, ...] = ()
