"""The store: one SQLite file with the rows that the product keeps."""

from oduflow.adapters.store.audit import AuditLog
from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.environments import EnvironmentChanges, Environments
from oduflow.adapters.store.extra_repos import ExtraRepoChanges, ExtraRepos
from oduflow.adapters.store.facts import Facts
from oduflow.adapters.store.grants import Grants
from oduflow.adapters.store.jobs import JobRows
from oduflow.adapters.store.oauth_clients import OAuthClients
from oduflow.adapters.store.oauth_logins import OAuthLogins
from oduflow.adapters.store.oauth_tokens import OAuthTokens
from oduflow.adapters.store.oauth_transactions import OAuthTransactions
from oduflow.adapters.store.rate_limits import RateLimits
from oduflow.adapters.store.sizes import Sizes
from oduflow.adapters.store.snapshots import Snapshots
from oduflow.adapters.store.templates import TemplateChanges, Templates
from oduflow.adapters.store.test_runs import TestRuns
from oduflow.adapters.store.uploads import UploadChanges, Uploads
from oduflow.adapters.store.warm_slots import WarmSlots

__all__ = [
    "AuditLog",
    "EnvironmentChanges",
    "Environments",
    "ExtraRepoChanges",
    "ExtraRepos",
    "Facts",
    "Grants",
    "JobRows",
    "OAuthClients",
    "OAuthLogins",
    "OAuthTokens",
    "OAuthTransactions",
    "RateLimits",
    "Sizes",
    "Snapshots",
    "Store",
    "TemplateChanges",
    "Templates",
    "TestRuns",
    "UploadChanges",
    "Uploads",
    "WarmSlots",
]
