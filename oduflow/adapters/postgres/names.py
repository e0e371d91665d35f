"""The names of the cluster's own parts, and which names belong to tenants."""

import re

from oduflow.domain.errors import Internal

ADMIN = "oduflow_admin"
MAINTENANCE = "oduflow"
FIRST = "postgres"  # initdb makes it; Odoo's bus listens there
BUS = "oduflow_bus"
TENANT_PATTERN = "^(env|tpl)_[a-z0-9_]+$"
GONE_PREFIX = "gone_"
_TENANT = re.compile(r"(env|tpl)_[a-z0-9_]{1,50}")


def tenant_name(name: str) -> str:
    """Let only a tenant's role or database through, so that no call can ever mean one of ours.

    Raises:
        Internal: the name is none that this product gives.
    """
    if not _TENANT.fullmatch(name):
        raise Internal(f"“{name[:60]}” is not the name of a tenant's role or database.")
    return name
