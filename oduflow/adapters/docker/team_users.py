"""The users of the host that the teams' Odoo containers run as.

The kernel limits inotify instances, keys, message queues and pending signals per user of the host
(inotify(7), keyrings(7), mq_overview(7), getrlimit(2)). If all containers ran as the user of their
image, one team could use up what the others need. So each team has a user of its own, in a range
that no distribution and no systemd uses (systemd, UIDS-GIDS.md). The group stays the image's.
"""

import hashlib
from pathlib import Path

FIRST = 0x70000000
COUNT = 0x0FF00000
_UID_MAP = Path("/proc/self/uid_map")


def team_user(instance: str, team: str, uid_map: str | None = None) -> int | None:
    """Return the user of a team; None where the machine's user namespace does not have it.

    Args:
        instance: the instance, so that two on one machine use different users.
        team: the team's id.
        uid_map: the namespace's users (user_namespaces(7)); default: this process's.
    """
    digest = hashlib.sha256(f"{instance}/{team}".encode()).digest()
    uid = FIRST + int.from_bytes(digest[:8], "big") % COUNT
    return uid if _is_mapped(uid, _UID_MAP.read_text() if uid_map is None else uid_map) else None


def _is_mapped(uid: int, uid_map: str) -> bool:
    ranges = (map(int, line.split()) for line in uid_map.splitlines())
    return any(first <= uid < first + count for first, _outside, count in ranges)
