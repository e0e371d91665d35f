"""A template: a sealed database and filestore that environments are cloned from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from oduflow.domain.audit.addresses import AUDITED_ADDRESS, AUDITED_SOURCE
from oduflow.domain.environment import EnvironmentName, ModuleName, Name, Text
from oduflow.domain.errors import NotFound
from oduflow.domain.extra_repo import References
from oduflow.domain.imported import ImportedFrom
from oduflow.domain.neutralised import Neutralised
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_version import DEFAULT_VERSION, OdooVersion, OdooVersionView
from oduflow.domain.outcome import Model
from oduflow.domain.storage import DiskView, MeasuredSize
from oduflow.domain.upload import upload_of

BASE = ("base", "web")
"""The modules that every template has."""


class TemplateState(StrEnum):
    """The state of a template.

    RETIRED: an earlier version; it is removed with the last environment that was cloned from it.
    """

    CREATING = "creating"
    DELETING = "deleting"
    READY = "ready"
    RETIRED = "retired"


SETTLED = frozenset({TemplateState.READY, TemplateState.RETIRED})

LANGUAGE = r"^[a-z]{2,3}(_[A-Za-z0-9]{2,4})?(@[A-Za-z]{1,10})?$"
COUNTRY = r"^[A-Za-z]{2}$"
_VERSION = ".v"
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Country = Annotated[str, StringConstraints(to_upper=True, pattern=COUNTRY)]


REPLACE_HELP = "Make a new version if the name exists; environments keep theirs."


class CreateTemplate(Model):
    """The parts of a new template."""

    name: Annotated[Name, Field(description="Name of the template.")]
    odoo_version: Annotated[
        OdooVersion | None,
        Field(
            description=f"Odoo version; default: {DEFAULT_VERSION}. list_templates shows those "
            "on the server."
        ),
    ] = None
    odoo_image: Annotated[
        Text | None, Field(description="Odoo image, instead of odoo_version.")
    ] = None
    modules: Annotated[
        tuple[ModuleName, ...],
        Field(max_length=100, description="Modules installed besides base and web."),
    ] = ()
    demo: Annotated[bool, Field(description="True loads Odoo's demo data.")] = False
    language: Annotated[
        Language | None,
        Field(description="Such as fr_FR; default: English."),
    ] = None
    country: Annotated[
        Country | None,
        Field(description="Country of the company, such as BE."),
    ] = None
    replace: Annotated[bool, Field(description=REPLACE_HELP)] = False


class TemplateDefaults(Model):
    """What create_environment uses where a call leaves it out; empty where the template has none.

    Attributes:
        odoo_image: in place of the template's own.
    """

    repo_url: str = ""
    branch: str = ""
    odoo_image: str = ""
    modules: tuple[str, ...] = ()
    extra_repos: tuple[str, ...] = ()


NO_DEFAULTS = TemplateDefaults()


Source = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ImportTemplate(Model):
    """A backup and what it becomes."""

    name: Annotated[Name, Field(description="Name of the template.")]
    source: Annotated[
        Source,
        AUDITED_SOURCE,
        Field(
            description="Backup zip of Odoo, or dump of pg_dump (.dump, .sql, .sql.gz, .sql.zst): "
            "upload:NAME, an https URL, or a path on the server that the operator allows."
        ),
    ]
    filestore: Annotated[
        Source | None,
        AUDITED_SOURCE,
        Field(description="Filestore of a dump: a folder, zip or tar, as source."),
    ] = None
    odoo_version: Annotated[
        OdooVersion | None, Field(description="Default: that of the backup.")
    ] = None
    odoo_image: Annotated[
        Text | None, Field(description="Odoo image, instead of odoo_version.")
    ] = None
    replace: Annotated[bool, Field(description=REPLACE_HELP)] = False

    @property
    def source_upload(self) -> str:
        """The upload that is the source; empty if it is none."""
        return upload_of(self.source)

    @property
    def filestore_upload(self) -> str:
        """The upload that is the filestore; empty if it is none."""
        return upload_of(self.filestore)


class SaveAsTemplate(EnvironmentName):
    """An environment, and the template that is made of it."""

    template: Annotated[Name, Field(description="Name of the template.", examples=["shop-19"])]
    replace: Annotated[bool, Field(description=REPLACE_HELP)] = False


class TemplateName(Model):
    """One template, by name."""

    name: Annotated[Name, Field(description="Name of the template.")]


class RenameTemplate(TemplateName):
    """The new name of a template."""

    new_name: Annotated[Name, Field(description="New name.")]


class UpdateTemplate(TemplateName):
    """What a template says about itself; what is left out stays as it is."""

    description: Annotated[
        str | None, Field(max_length=500, description="What it is for; empty removes it.")
    ] = None
    repo_url: Annotated[
        str | None,
        Field(max_length=500, description="Default repository of environments; empty: none."),
        AUDITED_ADDRESS,
    ] = None
    branch: Annotated[
        str | None, Field(max_length=240, description="Default branch; empty: none.")
    ] = None
    odoo_image: Annotated[
        str | None, Field(max_length=500, description="Default image; empty: the template's.")
    ] = None
    modules: Annotated[
        tuple[ModuleName, ...] | None,
        Field(max_length=100, description="Default modules to install; empty: none."),
    ] = None
    extra_repos: Annotated[
        References | None,
        Field(max_length=20, description="Default extra repos; empty: none."),
    ] = None


def no_template(name: str) -> NotFound:
    """Make the error for a template that the team does not have."""
    return NotFound(
        f"There is no template “{name}”.", "", Next.of("list_templates", "shows the existing ones")
    )


def is_neutralized(source: str, commit: str, neutralised: Neutralised | None) -> bool | None:
    """Return whether a template's data of production were neutralised; None if it has none.

    Args:
        source: the template's, as in `Template`.
        commit: likewise.
        neutralised: what its neutralisation did; None if there was none.
    """
    if neutralised is not None:
        return True
    return False if source and not commit else None


def base_name_of(name: str) -> str:
    """Return the name that all versions of a template share, of the name of one of them."""
    return name.partition(_VERSION)[0]


@dataclass(frozen=True, slots=True)
class Template:
    """One row of the store.

    Attributes:
        source: the file name of the backup that it was imported from, or the environment that it
            was saved from, as `environment shop`; empty for a new Odoo.
        commit: of the environment that it was saved from; empty for any other.
        size: bytes of database and filestore when it was made; when it was found, of one that an
            older version made or whose row was lost.
        odoo_version: that of the database, such as `17.0`.
        postgres_version: that of the server that it was made on; of an import, of the server that
            the backup is from.
        imported: the files that it was imported from, by content; None for any other.
        neutralised: the proof; None where no production data were, as in a new Odoo.
        name: of the current version the name; of others the name and the version, `shop.v2`,
            which no person can choose.
        version: counts the templates of one name.
    """

    id: str
    team: str
    name: str
    odoo_image: str
    modules: tuple[str, ...]
    state: TemplateState
    created_by: str
    created_at: datetime
    demo: bool = False
    language: str = ""
    country: str = ""
    step: str = ""
    job: str = ""
    source: str = ""
    size: int | None = None
    odoo_version: str = ""
    postgres_version: str = ""
    neutralised: Neutralised | None = None
    imported: ImportedFrom | None = None

    @property
    def neutralized(self) -> bool | None:
        """Whether data of production were neutralised; None where there never were any."""
        return is_neutralized(self.source, self.commit, self.neutralised)

    version: int = 1
    description: str = ""
    defaults: TemplateDefaults = NO_DEFAULTS
    commit: str = ""

    @property
    def base_name(self) -> str:
        """The name that all versions share, which their lock has."""
        return base_name_of(self.name)

    @property
    def version_name(self) -> str:
        """The name of this version while it is not the current one."""
        return f"{self.base_name}{_VERSION}{self.version}"


class TemplateView(Model):
    """A template as callers see it. Times are RFC 3339 in UTC.

    An imported one has a `source`, one that was saved from an environment a `commit`, too.
    `neutralized` is null where there never were data of production.
    """

    name: str
    team: str
    state: TemplateState
    odoo_image: str
    modules: tuple[str, ...]
    demo: bool
    language: str
    country: str
    environments: tuple[str, ...]
    created_by: str
    created_at: str
    disk: DiskView | None = None  # absent until it was measured
    source: str = ""
    size: int | None = None
    odoo_version: str = ""
    postgres_version: str = ""
    neutralized: bool | None = None
    version: int = 1
    description: str = ""
    defaults: TemplateDefaults = NO_DEFAULTS
    commit: str = ""

    @classmethod
    def of(
        cls, row: Template, environments: tuple[str, ...], size: MeasuredSize | None = None
    ) -> Self:
        """Make the view of a row, of the environments cloned from it, and of its size."""
        return cls.from_row(row, environments=environments, disk=DiskView.of(size))


class TemplateDetail(Model):
    """A template with the proof that it was neutralised, and the files that it is from."""

    template: TemplateView
    neutralised: Neutralised | None = None
    imported: ImportedFrom | None = None


class TemplateList(Model):
    """The team's templates, by name, and the Odoo versions for new ones."""

    templates: tuple[TemplateView, ...]
    odoo_versions: tuple[OdooVersionView, ...]
