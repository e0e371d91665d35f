"""The dashboard: server-rendered pages and htmx partials."""

# Each of these adds its pages to the blueprint.
from oduflow.blueprints.dashboard import (
    access,
    audit,
    credentials,
    environment,
    environments,
    extra_repos,
    jobs,
    system,
    templates,
)
from oduflow.blueprints.dashboard.blueprint import blueprint

__all__ = [
    "access",
    "audit",
    "blueprint",
    "credentials",
    "environment",
    "environments",
    "extra_repos",
    "jobs",
    "system",
    "templates",
]
