"""The dashboard: server-rendered pages and htmx partials."""

# Each of these adds its pages to the blueprint.
from oduflow.blueprints.dashboard import (
    credentials,
    environment,
    environments,
    jobs,
    system,
    templates,
)
from oduflow.blueprints.dashboard.face import blueprint

__all__ = ["blueprint", "credentials", "environment", "environments", "jobs", "system", "templates"]
