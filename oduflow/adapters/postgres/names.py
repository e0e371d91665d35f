"""The names of our own roles and databases, and the pattern of the tenants'."""

import re

from oduflow.domain.errors import Internal

ADMIN = "oduflow_admin"
MAINTENANCE = "oduflow"
FIRST = "postgres"  # initdb makes it; Odoo's bus listens there
EMPTY = "oduflow_empty"  # the source of new databases
BUS = "oduflow_bus"
LOCKS = "oduflow_locks"  # owns the functions that limit advisory locks
TENANT_PATTERN = "^(env|new|snap|tpl)_[a-z0-9_]+$"
SESSION_PATTERN = "^(ro_)?(env|new|snap|tpl)_[a-z0-9_]+$"  # the roles that tenants use, readers too
GONE_PREFIX = "gone_"
READERS = "oduflow_readers"  # may select from tables; every reading role is a member
READER_PREFIX = "ro_"
_TENANT = re.compile(r"(env|new|snap|tpl)_[a-z0-9_]{1,50}")


def tenant_name(name: str) -> str:
    """Return the name of a tenant's role or database; our own names are refused.

    Raises:
        Internal: the name is not one that this product gives to tenants.
    """
    if not _TENANT.fullmatch(name):
        raise Internal(f"“{name[:60]}” is not the name of a tenant's role or database.")
    return name


def reader_of(database: str) -> str:
    """Return the name of the role that reads a tenant's database and writes nowhere."""
    return READER_PREFIX + tenant_name(database)
