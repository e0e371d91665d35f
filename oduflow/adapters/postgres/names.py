"""The names of our own roles and databases, and the pattern of the tenants'."""

import re

from oduflow.domain.errors import Internal

ADMIN = "oduflow_admin"
MAINTENANCE = "oduflow"
FIRST = "postgres"  # initdb makes it; Odoo's bus listens there
EMPTY = "oduflow_empty"  # the source of new databases
BUS = "oduflow_bus"
LOCKS = "oduflow_locks"  # owns the functions that limit advisory locks
TENANT_PATTERN = "^(env|tpl)_[a-z0-9_]+$"
GONE_PREFIX = "gone_"
_TENANT = re.compile(r"(env|tpl)_[a-z0-9_]{1,50}")


def tenant_name(name: str) -> str:
    """Return the name of a tenant's role or database; our own names are refused.

    Raises:
        Internal: the name is not one that this product gives to tenants.
    """
    if not _TENANT.fullmatch(name):
        raise Internal(f"“{name[:60]}” is not the name of a tenant's role or database.")
    return name
