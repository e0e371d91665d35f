"""create_grant."""

from oduflow.domain.access import Actor, ActorKind, Permission, Scope
from oduflow.domain.clock import now
from oduflow.domain.errors import Invalid
from oduflow.domain.grant import CreatedGrant, CreateGrant, expiry
from oduflow.domain.grant_rules import (
    MOST_GRANTS,
    Bounds,
    Grant,
    digest_of,
    new_secret,
    refuse_wider,
)
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.access.grants import bounds_of, grant_views
from oduflow.services.deps import Deps
from oduflow.services.environments.view import visible_environment


@operation(
    permission=Permission.GRANT_ADMIN,
    effect=Effect.WRITE,
    files=False,
    scope=Scope.GRANT,
    idempotent=False,
    audit=("name", "environments", "all_environments", "tiers", "expires", "calls", "rest"),
    rest="POST /grants",
)
def create_grant(deps: Deps, call: Call, args: CreateGrant) -> Outcome[CreatedGrant]:
    """Create an expiring credential for an agent, limited to environments and tiers.

    Only this answer has the secret, a Bearer token. A grant can create only narrower grants,
    which end with it.
    """
    own, moment = bounds_of(deps.store.grants, call.actor), now()
    asked = Bounds(
        environments=_environments(deps, call.actor, args),
        tiers=frozenset(args.tiers),
        expires_at=expiry(args.expires, moment, own.expires_at),
        calls=own.calls if args.calls is None else args.calls,
        rest=args.rest,
    )
    refuse_wider(asked, own)
    secret = new_secret()
    row = Grant(
        id=new_id(),
        team=call.actor.team,
        name=args.name,
        digest=digest_of(secret),
        parent=call.actor.subject_id if call.actor.kind is ActorKind.GRANT else None,
        environments=None if asked.environments is None else tuple(sorted(asked.environments)),
        tiers=asked.tiers,
        rest=asked.rest,
        calls=asked.calls,
        used=0,
        created_by=str(call.actor),
        created_at=moment,
        expires_at=asked.expires_at or moment,
    )
    deps.store.grants.add(row, limit=MOST_GRANTS)
    (shown,) = grant_views(deps.store, (row,))
    return Outcome(
        CreatedGrant(**shown.model_dump(), secret=secret),
        f"{row.name} is granted until {shown.expires_at}. Its secret is shown this once.",
        next=(Next.of("revoke_grant", "ends it", name=row.name),),
    )


def _environments(deps: Deps, actor: Actor, args: CreateGrant) -> frozenset[str] | None:
    """Return the environments' ids: a grant must not apply to later ones of the same names.

    Raises:
        Invalid: neither `environments` nor `all_environments` is given, or both.
        NotFound: an environment does not exist, or the actor may not access it.
    """
    if args.all_environments == bool(args.environments):
        raise Invalid(
            "Give either environments or all_environments.",
            "For example environments=shop, or all_environments=true for the whole team.",
        )
    if args.all_environments:
        return None
    environments = deps.store.environments
    return frozenset(
        visible_environment(environments, actor, name).id for name in args.environments
    )
