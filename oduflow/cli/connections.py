"""How many connections the server keeps open, and for how long without a request under way.

waitress's own limits are 100 connections and two minutes: 100 sockets that say nothing, opened by
anybody, and nobody else is answered.
"""

from typing import Any

CONNECTIONS = 1000
# waitress closes only connections without a request under way (`maintenance` passes over those
# with one until their answer ends), so that no wait and no silent stream is cut by it. Who pauses
# so long between the bytes of a request, or between requests, connects again.
IDLE_SECONDS = 30
LOOK_SECONDS = 10


def connection_options(descriptors: int) -> dict[str, Any]:
    """Return waitress's adjustments about connections.

    Args:
        descriptors: how many this process may have open; half of them stay free for its work.
    """
    return {
        "connection_limit": min(CONNECTIONS, descriptors // 2),
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": LOOK_SECONDS,
        # `select` knows no descriptor above 1,023, and waitress's loop ends at the first.
        "asyncore_use_poll": True,
    }
