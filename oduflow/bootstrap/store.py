"""Build the tables of the store and the audit log."""

from pathlib import Path
from typing import get_type_hints

from oduflow.adapters.store import AuditLog, RateLimits, Store
from oduflow.files.private import ensure_secret
from oduflow.services.groups import StoreGroup


def store_group(store: Store, data_dir: Path) -> StoreGroup:
    """Return the tables over one store, each of the class that its field declares."""
    folder = data_dir / "audit"
    audit = AuditLog(store, folder, key=lambda: ensure_secret(folder / "key"))
    classes = get_type_hints(StoreGroup)
    del classes["audit"]
    return StoreGroup(audit=audit, **{name: rows(store) for name, rows in classes.items()})


def rate_limits(store: Store, data_dir: Path) -> RateLimits:
    """Return the counters of wrong credentials."""
    return RateLimits(store, key=lambda: ensure_secret(data_dir / "rate_limits" / "key"))
