"""The store's rows and the audit log beside it."""

from pathlib import Path

from oduflow.adapters.store import (
    AuditLog,
    Environments,
    ExtraRepos,
    Facts,
    Grants,
    OAuthLogins,
    OAuthTokens,
    Store,
    Templates,
)
from oduflow.files.private import ensure_secret
from oduflow.services.groups import StoreGroup


def store_group(store: Store, data_dir: Path) -> StoreGroup:
    """Make the rows of every noun over one store."""
    folder = data_dir / "audit"
    return StoreGroup(
        audit=AuditLog(store, folder, key=lambda: ensure_secret(folder / "key")),
        environments=Environments(store),
        extra_repos=ExtraRepos(store),
        facts=Facts(store),
        grants=Grants(store),
        logins=OAuthLogins(store),
        templates=Templates(store),
        tokens=OAuthTokens(store),
    )
