"""The credential that a call of git was made with, as far as its messages need to know."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

from oduflow.domain.masking import HIDDEN, redact


@dataclass(frozen=True, slots=True)
class Tried:
    """What was offered to a server, which may repeat it in any message of its own.

    Args:
        shown: user and token, masked; empty when nothing was offered.
        secrets: what must not be seen.
    """

    shown: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hide(self, text: str) -> str:
        """Hide the secrets in a text, as they are, percent-encoded and in base64."""
        for form in sorted({form for secret in self.secrets for form in _forms(secret)}, key=len):
            text = text.replace(form, HIDDEN)
        return redact(text)


NOTHING = Tried()


def _forms(secret: str) -> tuple[str, ...]:
    if not secret:
        return ()
    # Base64 of three shifts: whatever stands before it, these letters are in the whole.
    shifted = (base64.b64encode(b"\0" * n + secret.encode()).decode() for n in range(3))
    inner = (text[4:-4] for text in shifted if len(text) > 16)  # noqa: PLR2004 - shorter is noise
    return (secret, quote(secret, safe=""), *inner)
