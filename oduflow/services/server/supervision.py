"""The look after a team's PostgreSQL: what one environment may not take from the others."""

import logging
from collections import Counter

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.supervision import OldestId

ALARM_AGE = 1_000_000_000  # autovacuum removes ids at 200 million
STOP_AGE = 2_100_000_000

log = logging.getLogger(__name__)


def supervise(team: str, cluster: Cluster) -> str | None:
    """End the sessions that hold up the whole cluster, and return a warning if there is one."""
    for ended, count in Counter(cluster.end_excessive()).items():
        log.warning(
            "PostgreSQL of team %s: ended %d sessions of %s: %s",
            *(team, count, ended.role, ended.reason),
        )
    cluster.keep_guard()
    return warning(cluster.oldest_id())


def warning(oldest: OldestId) -> str | None:
    """Return the warning about old transaction ids, None while they are young."""
    if oldest.age < ALARM_AGE:
        return None
    return (
        f"PostgreSQL keeps transaction ids that are {oldest.age // 1_000_000} million transactions "
        f"old, in database {oldest.database}; at {STOP_AGE // 1_000_000} million it accepts no "
        "more writes. Delete the environment of that database, or stop what it does."
    )
