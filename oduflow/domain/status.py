"""How the server stands, and who asks."""

from oduflow.domain.access import ActorKind, Tier
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.outcome import Model


class ActorView(Model):
    """Who asks. `environments` names the only ones that are theirs; null is all of the team."""

    team: str
    kind: ActorKind
    subject: str
    tiers: tuple[Tier, ...]
    environments: tuple[str, ...] | None


class ServerStatus(Model):
    """The server and the caller's environments.

    `environments` counts them by state, as they were last looked at. `reduced` says why
    environments are kept apart less than planned; null means that nothing of the kind is known.
    """

    actor: ActorView
    version: str
    environments: dict[EnvironmentState, int]
    reduced: str | None
