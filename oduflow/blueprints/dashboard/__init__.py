"""The dashboard: server-rendered pages and htmx partials."""

# Importing these adds their pages to the blueprint.
from oduflow.blueprints.dashboard import (
    audit,
    environments,
    help_page,
    jobs,
    outputs,
    places,
    system,
)
from oduflow.blueprints.dashboard.blueprint import blueprint

__all__ = ["audit", "blueprint", "environments", "help_page", "jobs", "outputs", "places", "system"]
