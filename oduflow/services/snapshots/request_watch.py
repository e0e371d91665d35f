"""Tell whether an Odoo that is paused is in the middle of a request."""

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

LONG_SECONDS = 1.0  # after which a connection is no short request
GIVE_UP_SECONDS = 10.0  # of looking for a moment without requests


@dataclass(slots=True)
class RequestWatch:
    """The open connections of one Odoo, looked at again and again.

    Odoo closes a connection after each answer. Between two statements of a request its database
    session is as idle as one that is kept for later, so only the connection tells of the request.

    Attributes:
        since: when the first look was taken, by the monotonic clock.
        first_seen: when each connection that is still open was seen first.
    """

    since: float = field(default_factory=time.monotonic)
    first_seen: dict[str, float] = field(default_factory=dict)

    @property
    def waited(self) -> float:
        """Seconds since the first look."""
        return time.monotonic() - self.since

    def answers(self, connections: AbstractSet[str]) -> bool:
        """Whether it answers a request, as far as it can be told.

        One of more than a second is a WebSocket, or a request whose transaction PostgreSQL shows.
        An Odoo that is never without requests fails one of them at worst, as a restart does.
        """
        moment = time.monotonic()
        self.first_seen = {each: self.first_seen.get(each, moment) for each in connections}
        short = any(moment - seen < LONG_SECONDS for seen in self.first_seen.values())
        return short and moment - self.since < GIVE_UP_SECONDS
