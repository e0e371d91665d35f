"""The state of the server: the health of its parts, and the view that callers get."""

from dataclasses import dataclass

from oduflow.domain.access import ActorKind, Tier
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.outcome import Model


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """The health of one part.

    Attributes:
        part: `docker`, `postgres`, `disk`, `store`, `isolation`, …
        ok: whether this part allows to create environments, if only those of some teams.
        message: one sentence, no path and no team.
        hint: the next step when it is not ok.
        degraded: whether some teams cannot use this part.
    """

    part: str
    ok: bool
    message: str
    hint: str = ""
    degraded: bool = False


class ActorView(Model):
    """The caller. `environments` are the only ones that it may use; null is all of the team."""

    team: str
    kind: ActorKind
    subject: str
    tiers: tuple[Tier, ...]
    environments: tuple[str, ...] | None


class ServerStatus(Model):
    """The server and the caller's environments.

    `environments` counts them by state, as they were last looked at. `database` says why the
    team's PostgreSQL cannot be used, or soon cannot, `reduced` why environments are kept apart less
    than planned; null means that nothing of the kind is known. `clone` says whether new
    environments share blocks with their template (`reflink`) or are copied, and why.
    `quotas` says `3 of 20` of each thing that the team may have a limited number of.
    """

    actor: ActorView
    version: str
    environments: dict[EnvironmentState, int]
    database: str | None
    reduced: str | None
    clone: str
    quotas: dict[str, str]
