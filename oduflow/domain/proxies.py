"""Whether as many proxies stand in front as the configuration says."""

import json
from dataclasses import asdict, dataclass
from typing import Self

FACT = "proxies"  # the key under which a server remembers what it saw


@dataclass(frozen=True, slots=True)
class ProxyCount:
    """What one request shows of the proxies in front.

    Attributes:
        trusted: how many there are by the configuration.
        seen: how many entries `X-Forwarded-For` had.
    """

    trusted: int
    seen: int

    @property
    def fit(self) -> bool:
        """Whether it may be so: more entries than proxies may be the client's own."""
        return self.seen >= self.trusted if self.trusted else not self.seen

    @property
    def message(self) -> str:
        """What does not fit, in one sentence."""
        if not self.trusted:
            return (
                "A request came with X-Forwarded-For, and trusted_proxies = 0: behind a proxy all "
                "clients would count as one address, and five wrong passwords lock out everybody."
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
            "if it is right, somebody came past them or wrote the header, and nothing is wrong."
        )

    def dump(self) -> str:
        """Write it as the store keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | None) -> Self | None:
        """Read what the store kept, None where nothing was."""
        return cls(**json.loads(text)) if text else None
