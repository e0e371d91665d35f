"""The credential that a git call offers to a server, as far as messages need it."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

from oduflow.domain.masking import HIDDEN, redact


@dataclass(frozen=True, slots=True)
class OfferedCredential:
    """A credential that a server was sent, and may repeat in any of its messages.

    Args:
        shown: user and token, masked; empty when no credential was offered.
        secrets: the texts that no message may hold.
    """

    shown: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hide(self, text: str) -> str:
        """Mask the secrets in a text: literal, percent-encoded and in base64."""
        for form in sorted({form for secret in self.secrets for form in _forms(secret)}, key=len):
            text = text.replace(form, HIDDEN)
        return redact(text)


NO_CREDENTIAL = OfferedCredential()


def _forms(secret: str) -> tuple[str, ...]:
    if not secret:
        return ()
    # Base64 at the three alignments: one of them is in any longer text that holds the secret.
    shifted = (base64.b64encode(b"\0" * n + secret.encode()).decode() for n in range(3))
    inner = (text[4:-4] for text in shifted if len(text) > 16)  # noqa: PLR2004 - shorter is noise
    return (secret, quote(secret, safe=""), *inner)
