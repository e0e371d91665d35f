"""The store: one SQLite file with everything the product must remember."""

from oduflow.adapters.store.audit import AuditLog
from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.environments import EnvironmentChanges, Environments
from oduflow.adapters.store.extra_repos import ExtraRepoChanges, ExtraRepos
from oduflow.adapters.store.facts import Facts
from oduflow.adapters.store.jobs import JobEvent, Jobs
from oduflow.adapters.store.templates import TemplateChanges, Templates

__all__ = [
    "AuditLog",
    "EnvironmentChanges",
    "Environments",
    "ExtraRepoChanges",
    "ExtraRepos",
    "Facts",
    "JobEvent",
    "Jobs",
    "Store",
    "TemplateChanges",
    "Templates",
]
