"""Who may come in with a grant, which grants an actor deals with, and how they are shown."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from oduflow.adapters.store import Environments, Grants
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import NotFound, Unauthenticated
from oduflow.domain.grant import GrantView
from oduflow.domain.grant_rules import (
    MCP,
    PREFIX,
    REST,
    Bounds,
    Grant,
    GrantState,
    calls_left,
    digest_of,
    state_of,
)
from oduflow.services.groups import StoreGroup


@dataclass(frozen=True, slots=True)
class GrantAuthenticator:
    """Knows the secrets of grants, and keeps their holders in bounds.

    The faces' `TokenVerifier` and the kernel's `GrantUsage`.

    Attributes:
        teams: tells the ids of the configured teams; the grants of others open nothing.
    """

    grants: Grants
    environments: Environments
    teams: Callable[[], Container[str]]

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return who holds that secret, or None when it opens nothing here.

        A secret is looked up by its digest, so the time it takes tells nothing about others.

        Raises:
            Unauthenticated: it opened something until it expired, or was used up; or it opens
                something, but not this.
        """
        row = self.grants.by_digest(digest_of(token)) if token.startswith(PREFIX) else None
        state = None if row is None else self._state(row.id)
        if row is None or state is None:
            return None
        if not _opens(row, resource):
            raise Unauthenticated(
                f"The grant {row.name} does not open this.",
                "It is for MCP; REST takes a grant made with rest=true, or HTTP Basic.",
            )
        if state is not GrantState.LIVE:
            raise Unauthenticated(
                f"The grant {row.name} opens nothing any more: it is {state}.",
                "Ask its creator for another.",
            )
        return Actor(
            team=row.team,
            kind=ActorKind.GRANT,
            subject=row.name,
            tiers=row.tiers,
            subject_id=row.id,
            environments=None if row.environments is None else frozenset(row.environments),
        )

    def still_valid(self, actor: Actor) -> bool:
        """Whether what let the actor in still would; calls that are used up end no stream."""
        if actor.kind is not ActorKind.GRANT:
            return True
        return self._state(actor.subject_id) in {GrantState.LIVE, GrantState.SPENT}

    def spend(self, actor: Actor) -> None:
        """Count one call of a grant's holder.

        Raises:
            Unauthenticated: the grant counts no more.
        """
        self.grants.spend(actor.subject_id, now())

    def _state(self, grant: str) -> GrantState | None:
        lineage = self.grants.lineage(grant)
        if not lineage or lineage[0].team not in self.teams():
            return None
        return state_of(lineage, now(), lambda id_: self.environments.by_id(id_) is not None)


def _opens(row: Grant, resource: str) -> bool:
    if resource == REST:
        return row.rest
    return resource == MCP or resource.startswith(f"{MCP}/")


def bounds_of(grants: Grants, actor: Actor) -> Bounds:
    """Say how far an actor reaches, and so at most a grant that it makes.

    Raises:
        Unauthenticated: its own grant was revoked meanwhile.
    """
    if actor.kind is not ActorKind.GRANT:
        return Bounds(actor.environments, actor.tiers)
    lineage = grants.lineage(actor.subject_id)
    if not lineage:
        raise Unauthenticated("Your grant was revoked.", "Ask its creator for another.")
    row = lineage[0]
    return Bounds(actor.environments, actor.tiers, row.expires_at, calls_left(lineage), row.rest)


def visible_grants(grants: Grants, actor: Actor) -> tuple[Grant, ...]:
    """Return the grants that an actor deals with, by name.

    The holder of a grant: those that were made with it, or with these. Whoever is kept to some
    environments: those that open nothing else.
    """
    rows = grants.list(actor.team)
    if actor.kind is ActorKind.GRANT:
        below = _below(rows, actor.subject_id)
        rows = tuple(row for row in rows if row.id in below)
    return tuple(row for row in rows if _within(row, actor))


def find_grant(grants: Grants, actor: Actor, name: str) -> Grant:
    """Return a grant that the actor deals with.

    Raises:
        NotFound: there is none of that name.
    """
    found = next((row for row in visible_grants(grants, actor) if row.name == name), None)
    if found is None:
        raise NotFound(f"There is no grant “{name}”.", "list_grants shows those there are.")
    return found


def grant_views(store: StoreGroup, rows: Iterable[Grant]) -> tuple[GrantView, ...]:
    """Show grants; none shows its secret, which is nowhere."""
    shown = tuple(rows)
    if not shown:
        return ()
    names = {row.id: row.name for row in store.environments.list(shown[0].team)}
    every = {row.id: row for row in store.grants.list(shown[0].team)}
    return tuple(_view(row, every, names) for row in shown)


def _view(row: Grant, every: dict[str, Grant], names: dict[str, str]) -> GrantView:
    lineage = [row]
    while lineage[-1].parent in every:
        lineage.append(every[lineage[-1].parent])
    bound = row.environments
    return GrantView(
        name=row.name,
        state=state_of(lineage, now(), names.__contains__),
        environments=None if bound is None else tuple(names[id_] for id_ in bound if id_ in names),
        tiers=tuple(sorted(row.tiers)),
        rest=row.rest,
        calls=row.calls,
        calls_left=calls_left(lineage),
        used=row.used,
        parent=lineage[1].name if len(lineage) > 1 else None,
        created_by=row.created_by,
        created_at=rfc3339(row.created_at),
        expires_at=rfc3339(row.expires_at),
    )


def _below(rows: Iterable[Grant], top: str) -> frozenset[str]:
    found = {top}
    waiting = list(rows)
    while more := {row.id for row in waiting if row.parent in found} - found:
        found |= more
    return frozenset(found - {top})


def _within(row: Grant, actor: Actor) -> bool:
    if actor.environments is None:
        return True
    return row.environments is not None and actor.environments.issuperset(row.environments)
