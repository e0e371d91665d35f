"""The failure of somebody who did not prove who they are."""

from oduflow.domain.errors import Unauthenticated


class NotSignedIn(Unauthenticated):
    """No credential, or a wrong one.

    Args:
        message: one sentence.
        hint: the next step.
        challenge: the value of `WWW-Authenticate` (RFC 9110, 11.6.1).
    """

    def __init__(self, message: str, hint: str, *, challenge: str) -> None:
        super().__init__(message, hint)
        self.challenge = challenge
