"""The rules of grants: a grant never gives more than its creator has, and it ends."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from oduflow.domain.access import Tier
from oduflow.domain.errors import Forbidden

T = TypeVar("T", int, datetime)

PREFIX = "odf_"
REST = "/api"  # the resource of REST, beside /mcp and /mcp/<environment>
MCP = "/mcp"
MOST_GRANTS = 200  # of one team, whichever actor makes them
_SECRET_BYTES = 32


class GrantState(StrEnum):
    """Whether a grant is valid, and if not, why."""

    EXPIRED = "expired"
    GONE = "gone"  # all its environments were deleted
    LIVE = "live"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of the store.

    Attributes:
        digest: SHA-256 of the secret, in hex; the secret itself is stored nowhere.
        parent: id of the grant whose holder made it, and with which it is deleted.
        environments: ids of the environments it opens; None is the whole team.
        rest: whether it opens REST as well as MCP.
        calls: how many calls it allows; None is any number.
        used: how many calls it and its descendants have made.
    """

    id: str
    team: str
    name: str
    digest: str
    parent: str | None
    environments: tuple[str, ...] | None
    tiers: frozenset[Tier]
    rest: bool
    calls: int | None
    used: int
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """The rights of an actor, or of a new grant.

    Attributes:
        environments: ids; None is the whole team.
        expires_at: None is for ever.
        calls: how many are left; None is any number.
    """

    environments: frozenset[str] | None
    tiers: frozenset[Tier]
    expires_at: datetime | None = None
    calls: int | None = None
    rest: bool = True


def refuse_wider(asked: Bounds, own: Bounds) -> None:
    """Refuse a grant with more rights than its creator has.

    Raises:
        Forbidden: names the rights.
    """
    wider = {
        "its environments are not all yours": own.environments is not None
        and (asked.environments is None or not asked.environments <= own.environments),
        f"you hold {', '.join(sorted(own.tiers))} only": not asked.tiers <= own.tiers,
        "it would outlive your own grant": _more(asked.expires_at, own.expires_at),
        f"you have {own.calls} calls left": _more(asked.calls, own.calls),
        "your own grant does not open REST": asked.rest and not own.rest,
    }
    problems = [problem for problem, is_so in wider.items() if is_so]
    if problems:
        raise Forbidden(
            f"A grant cannot give more than its creator has: {'; '.join(problems)}.",
            "Ask for less.",
        )


def _more(asked: T | None, own: T | None) -> bool:
    return own is not None and (asked is None or asked > own)


def calls_left(lineage: Sequence[Grant]) -> int | None:
    """Return how many calls are left; a grant's calls also count against its ancestors.

    Args:
        lineage: the grant, then its parent, and so on.
    """
    left = [grant.calls - grant.used for grant in lineage if grant.calls is not None]
    return max(0, min(left)) if left else None


def state_of(
    lineage: Sequence[Grant], moment: datetime, is_there: Callable[[str], bool]
) -> GrantState:
    """Return the state of a grant at a moment.

    Args:
        lineage: the grant, then its parent, and so on.
        moment: the moment.
        is_there: whether the environment with an id still exists.
    """
    if any(grant.expires_at <= moment for grant in lineage):
        return GrantState.EXPIRED
    if calls_left(lineage) == 0:
        return GrantState.SPENT
    bound = lineage[0].environments
    if bound is not None and not any(map(is_there, bound)):
        return GrantState.GONE
    return GrantState.LIVE


def new_secret() -> str:
    """Make a secret of 32 random bytes; people and secret scanners recognise its prefix."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Hash a secret; it is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
