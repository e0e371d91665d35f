"""The answers of operations, and the states that they leave."""

from dataclasses import dataclass

ABSENT, FAILED, READY, RUNNING, STOPPED = "absent", "failed", "ready", "running", "stopped"
LOST = "lost"
CUT_OFF = {"interrupted", "unanswered"}
REFUSED = {"busy", "conflict", "forbidden", "invalid", "quota", "rate_limited"}


@dataclass(frozen=True)
class Ended:
    """How an operation ended for its caller: `ok`, `failed`, `cancelled`, or cut off.

    Attributes:
        snapshot: that of the state before, which the answer names.
    """

    status: str
    kind: str = ""
    message: str = ""
    snapshot: str = ""

    @property
    def refused(self) -> bool:
        return self.status == "failed" and self.kind in REFUSED

    @property
    def cut_off(self) -> bool:
        return self.status in CUT_OFF

    @property
    def lacks_snapshot(self) -> bool:
        """Whether the environment was found, but not the snapshot."""
        return self.kind == "not_found" and "has no snapshot" in self.message
