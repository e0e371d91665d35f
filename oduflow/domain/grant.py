"""Grants: the operations' inputs and the views."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from oduflow.domain.access import Tier
from oduflow.domain.clock import duration_of
from oduflow.domain.environment import Name
from oduflow.domain.errors import Invalid
from oduflow.domain.grant_rules import GrantState
from oduflow.domain.outcome import Model

DEFAULT_LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=90)
NAME_HELP = "Name of the grant."


def expiry(asked: str | None, moment: datetime, latest: datetime | None) -> datetime:
    """Return the moment when a new grant ends.

    Args:
        asked: a duration, seconds from now, or an RFC 3339 moment; None is a week.
        moment: now.
        latest: the latest end when nothing is asked.

    Raises:
        Invalid: it cannot be parsed, is past, or is more than 90 days ahead.
    """
    if asked is None:
        end = moment + DEFAULT_LIFE
        return end if latest is None else min(end, latest)
    end = _read(asked, moment)
    if not moment < end <= moment + LONGEST_LIFE:
        raise Invalid(
            "expires is in the past or more than 90 days ahead.",
            f"Choose at most {LONGEST_LIFE.days}d, or a moment within them.",
        )
    return end


def _read(asked: str, moment: datetime) -> datetime:
    try:
        if asked.isascii() and asked.isdigit():
            return moment + timedelta(seconds=int(asked))
        if (life := duration_of(asked)) is not None:
            return moment + life
        end = datetime.fromisoformat(asked)
    except (ValueError, OverflowError):
        end = None
    if end is None or end.tzinfo is None:
        raise Invalid(
            f"expires={asked} is neither a duration nor an RFC 3339 moment with its offset.",
            "For example 7d, 12h, 3600 (seconds), or 2030-01-31T18:00:00Z.",
        )
    return end


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


MomentText = Annotated[str, BeforeValidator(_as_text), StringConstraints(max_length=40)]


class GrantName(Model):
    """One grant, by name."""

    name: Annotated[Name, Field(description="Name of the grant.")]


class CreateGrant(Model):
    """The rights of a new grant, and its lifetime."""

    name: Annotated[Name, Field(description=NAME_HELP)]
    environments: Annotated[
        tuple[Name, ...],
        Field(max_length=50, description="Environments it is for."),
    ] = ()
    all_environments: Annotated[
        bool,
        Field(description="The whole team instead."),
    ] = False
    tiers: Annotated[
        tuple[Tier, ...],
        Field(min_length=1, description="Independent permissions."),
    ] = (Tier.READ,)
    expires: Annotated[
        MomentText | None,
        Field(description="Such as 12h, or RFC 3339; default: 7d, at most 90d."),
    ] = None
    calls: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Limit of calls."),
    ] = None
    rest: Annotated[bool, Field(description="True makes it valid for REST too.")] = False


class GrantView(Model):
    """A grant as callers see it, without its secret. Times are RFC 3339 in UTC.

    `environments` names those that still exist; it is null for the whole team.
    """

    name: str
    state: GrantState
    environments: tuple[str, ...] | None
    tiers: tuple[Tier, ...]
    rest: bool
    calls: int | None
    calls_left: int | None
    used: int
    parent: str | None
    created_by: str
    created_at: str
    expires_at: str


class CreatedGrant(GrantView):
    """A new grant and its secret, which is shown this once and stored nowhere."""

    secret: str


class GrantList(Model):
    """Grants, by name."""

    grants: tuple[GrantView, ...]
