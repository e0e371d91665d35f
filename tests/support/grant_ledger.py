"""Grants on the ledger of the dashboard's tests."""

from datetime import timedelta
from typing import Any

from oduflow.domain.access import Tier
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import NotFound
from oduflow.domain.grant import CreatedGrant, GrantList, GrantView
from oduflow.domain.grant_rules import GrantState
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call

SECRET = "odf_of-a-ledger"


def grant_view(name: str, **changes: Any) -> GrantView:
    """Make a live grant of two environments."""
    view = GrantView(
        name=name,
        state=GrantState.LIVE,
        environments=("running", "stopped"),
        tiers=(Tier.READ, Tier.WRITE),
        rest=False,
        calls=9,
        calls_left=7,
        used=2,
        parent=None,
        created_by="basic:admin",
        created_at=rfc3339(now()),
        expires_at=rfc3339(now() + timedelta(days=7)),
    )
    return view.model_copy(update=changes)


def list_grants(ledger: Any, call: Call, args: Any) -> Outcome[GrantList]:
    found = tuple(ledger.grants[name] for name in sorted(ledger.grants))
    return Outcome(GrantList(grants=found), f"{len(found)} grants.")


def create_grant(ledger: Any, call: Call, args: Any) -> Outcome[CreatedGrant]:
    view = grant_view(args.name, environments=args.environments, tiers=args.tiers, rest=args.rest)
    ledger.grants[args.name] = view
    return Outcome(CreatedGrant(**view.model_dump(), secret=SECRET), "Granted.")


def revoke_grant(ledger: Any, call: Call, args: Any) -> Outcome[Nothing]:
    if args.name not in ledger.grants:
        raise NotFound(f"There is no grant “{args.name}”.", "list_grants shows them.")
    del ledger.grants[args.name]
    return Outcome(Nothing(), f"{args.name} is revoked.")


GRANT_HANDLERS: dict[str, Any] = {
    each.__name__: each for each in (create_grant, list_grants, revoke_grant)
}
