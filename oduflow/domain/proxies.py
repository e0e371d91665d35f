"""Compare the number of proxies in front with the configured `trusted_proxies`."""

import json
from dataclasses import asdict, dataclass
from typing import Self

FACT = "proxies"  # the key under which a server stores a difference


@dataclass(frozen=True, slots=True)
class ProxyCount:
    """The configured number of proxies, and the number that one request shows.

    Attributes:
        trusted: the configured `trusted_proxies`.
        seen: how many entries `X-Forwarded-For` had.
    """

    trusted: int
    seen: int

    @property
    def fit(self) -> bool:
        """Whether the numbers are consistent; a client may add entries of its own."""
        return self.seen >= self.trusted if self.trusted else not self.seen

    @property
    def message(self) -> str:
        """The difference, in one sentence."""
        if not self.trusted:
            return (
                "A request came with X-Forwarded-For, and trusted_proxies = 0: behind a proxy all "
                "clients count as one address, and five wrong passwords lock all of them out."
            )
        return (
            f"A request came with {self.seen} entries in X-Forwarded-For, and trusted_proxies = "
            f"{self.trusted}: with fewer proxies a client can claim any address, and is never "
            "limited."
        )

    @property
    def hint(self) -> str:
        """The next step."""
        return (
            "Count the reverse proxies in front and set [server] trusted_proxies to that number; "
            "if it is right, a request bypassed them or set the header, and nothing is wrong."
        )

    def dump(self) -> str:
        """Return the text that the store keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | None) -> Self | None:
        """Return the count that `dump` wrote, or None for None or an empty text."""
        return cls(**json.loads(text)) if text else None
