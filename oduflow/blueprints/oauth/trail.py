"""Who the audit trail says signed in, was refused, or said no."""

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.oauth import Login

SIGN_IN = "sign_in"


def person(login: Login | None, team: str = "") -> Actor | None:
    """Name whoever signs in, as far as they are known."""
    if login is None:
        return None
    return Actor(team, ActorKind.OAUTH, login.name, subject_id=login.id)
