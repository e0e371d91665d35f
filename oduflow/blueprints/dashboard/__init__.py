"""The dashboard: server-rendered pages and htmx partials."""

# Importing these adds their pages to the blueprint.
from oduflow.blueprints.dashboard import (
    audit,
    diff,
    edits,
    environments,
    help_page,
    jobs,
    outputs,
    places,
    system,
    template_page,
    test_runs,
    uploads,
)
from oduflow.blueprints.dashboard.blueprint import blueprint

__all__ = [
    "audit",
    "blueprint",
    "diff",
    "edits",
    "environments",
    "help_page",
    "jobs",
    "outputs",
    "places",
    "system",
    "template_page",
    "test_runs",
    "uploads",
]
