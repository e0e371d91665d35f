"""A template: a sealed database and filestore that environments are cloned from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from oduflow.domain.environment import ModuleName, Name, Text
from oduflow.domain.outcome import Model


class TemplateState(StrEnum):
    """The state of a template."""

    CREATING = "creating"
    DELETING = "deleting"
    READY = "ready"


class CreateTemplate(Model):
    """The parts of a new template."""

    name: Annotated[Name, Field(description="Name of the template.")]
    odoo_image: Annotated[
        Text | None, Field(description="Odoo image; left out: the configured Odoo 19.0.")
    ] = None
    modules: Annotated[
        tuple[ModuleName, ...],
        Field(max_length=100, description="Modules installed besides base and web."),
    ] = ()


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
    step: str = ""
    job: str = ""


class TemplateView(Model):
    """A template as callers see it. Times are RFC 3339 in UTC."""

    name: str
    team: str
    state: TemplateState
    odoo_image: str
    modules: tuple[str, ...]
    environments: tuple[str, ...]
    created_by: str
    created_at: str

    @classmethod
    def of(cls, row: Template, environments: tuple[str, ...]) -> Self:
        """Make the view of a row and of the names of the environments cloned from it."""
        return cls.from_row(row, environments=environments)


class TemplateList(Model):
    """The team's templates, by name."""

    templates: tuple[TemplateView, ...]
