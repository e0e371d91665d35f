"""A template: a sealed database and filestore that environments are cloned from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from oduflow.domain.environment import ModuleName, Name, Text
from oduflow.domain.odoo_version import DEFAULT_VERSION, OdooVersion, OdooVersionView
from oduflow.domain.outcome import Model

BASE = ("base", "web")
"""The modules that every template has."""


class TemplateState(StrEnum):
    """The state of a template."""

    CREATING = "creating"
    DELETING = "deleting"
    READY = "ready"


LANGUAGE = r"^[a-z]{2,3}(_[A-Za-z0-9]{2,4})?(@[A-Za-z]{1,10})?$"
COUNTRY = r"^[A-Za-z]{2}$"
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Country = Annotated[str, StringConstraints(to_upper=True, pattern=COUNTRY)]


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


class TemplateName(Model):
    """One template, by name."""

    name: Annotated[Name, Field(description="Name of the template.")]


@dataclass(frozen=True, slots=True)
class Template:
    """One row of the store."""

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


class TemplateView(Model):
    """A template as callers see it. Times are RFC 3339 in UTC."""

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

    @classmethod
    def of(cls, row: Template, environments: tuple[str, ...]) -> Self:
        """Make the view of a row and of the names of the environments cloned from it."""
        return cls.from_row(row, environments=environments)


class TemplateList(Model):
    """The team's templates, by name, and the Odoo versions for new ones."""

    templates: tuple[TemplateView, ...]
    odoo_versions: tuple[OdooVersionView, ...]
