"""Authenticate the holders of grants, find the grants an actor may see, build their views."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from oduflow.adapters.store import Environments, Grants
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.clock import now
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
from oduflow.domain.next_call import Next
from oduflow.services.groups import StoreGroup


@dataclass(frozen=True, slots=True)
class GrantAuthenticator:
    """Verifies the secrets of grants, and counts the calls of their holders.

    Implements the faces' `TokenVerifier` and the kernel's `GrantUsage`.

    Attributes:
        teams: returns the ids of the configured teams; grants of other teams are invalid.
    """

    grants: Grants
    environments: Environments
    teams: Callable[[], Container[str]]

    def verify(self, token: str, resource: str) -> Actor | None:
        """Return the actor of a grant's secret, or None when no grant has that secret.

        A secret is looked up by its digest, so the response time reveals nothing about other
        secrets.

        Raises:
            Unauthenticated: the grant expired, its calls are used up, or it is not valid for this
                resource.
        """
        row = self.grants.by_digest(digest_of(token)) if token.startswith(PREFIX) else None
        state = None if row is None else self._state(row.id)
        if row is None or state is None:
            return None
        if not _is_valid_for(row, resource):
            raise Unauthenticated(
                f"The grant {row.name} is not valid here.",
                "It is for MCP; REST takes a grant made with rest=true, or HTTP Basic.",
            )
        if state is not GrantState.LIVE:
            raise Unauthenticated(
                f"The grant {row.name} is no longer valid: it is {state}.",
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
        """Whether the actor's grant is still valid; a grant without calls left ends no stream."""
        if actor.kind is not ActorKind.GRANT:
            return True
        return self._state(actor.subject_id) in {GrantState.LIVE, GrantState.SPENT}

    def spend(self, actor: Actor) -> None:
        """Count one call of a grant's holder.

        Raises:
            Unauthenticated: the grant ended, or has no calls left.
        """
        self.grants.spend(actor.subject_id, now())

    def _state(self, grant: str) -> GrantState | None:
        lineage = self.grants.lineage(grant)
        if not lineage or lineage[0].team not in self.teams():
            return None
        return state_of(lineage, now(), lambda id_: self.environments.by_id(id_) is not None)


def _is_valid_for(row: Grant, resource: str) -> bool:
    if resource == REST:
        return row.rest
    return resource == MCP or resource.startswith(f"{MCP}/")


def bounds_of(grants: Grants, actor: Actor) -> Bounds:
    """Return the actor's bounds, which are the widest for a grant that it creates.

    Raises:
        Unauthenticated: the actor's own grant was revoked meanwhile.
    """
    if actor.kind is not ActorKind.GRANT:
        return Bounds(actor.environments, actor.tiers)
    lineage = grants.lineage(actor.subject_id)
    if not lineage:
        raise Unauthenticated("Your grant was revoked.", "Ask its creator for another.")
    row = lineage[0]
    return Bounds(actor.environments, actor.tiers, row.expires_at, calls_left(lineage), row.rest)


def visible_grants(grants: Grants, actor: Actor) -> tuple[Grant, ...]:
    """Return the grants that an actor may see and revoke, sorted by name.

    The holder of a grant sees those created with it, and those created with these in turn. An
    actor restricted to environments sees only grants restricted to some of the same.
    """
    rows = grants.list(actor.team)
    if actor.kind is ActorKind.GRANT:
        below = _descendants(rows, actor.subject_id)
        rows = tuple(row for row in rows if row.id in below)
    return tuple(row for row in rows if _is_within(row, actor))


def find_grant(grants: Grants, actor: Actor, name: str) -> Grant:
    """Return the grant of that name.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    found = next((row for row in visible_grants(grants, actor) if row.name == name), None)
    if found is None:
        raise NotFound(
            f"There is no grant “{name}”.", "", Next.of("list_grants", "shows the existing ones")
        )
    return found


def grant_views(store: StoreGroup, rows: Iterable[Grant]) -> tuple[GrantView, ...]:
    """Return the views of grants of one team; without secrets, of which only digests are stored."""
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
    return GrantView.from_row(
        row,
        state=state_of(lineage, now(), names.__contains__),
        environments=None if bound is None else tuple(names[id_] for id_ in bound if id_ in names),
        tiers=tuple(sorted(row.tiers)),
        calls_left=calls_left(lineage),
        parent=lineage[1].name if len(lineage) > 1 else None,
    )


def _descendants(rows: Iterable[Grant], top: str) -> frozenset[str]:
    found = {top}
    waiting = list(rows)
    while more := {row.id for row in waiting if row.parent in found} - found:
        found |= more
    return frozenset(found - {top})


def _is_within(row: Grant, actor: Actor) -> bool:
    if actor.environments is None:
        return True
    return row.environments is not None and actor.environments.issuperset(row.environments)
