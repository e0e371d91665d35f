"""What a team is likely to create next: what it created last."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from oduflow.adapters.odoo.addons_path import uses_links
from oduflow.adapters.store import Facts
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure
from oduflow.services.server.activity import TeamActivity
from oduflow.settings import Settings

KEPT = timedelta(hours=1)
KEPT_IDLE = timedelta(minutes=5)  # less than a PostgreSQL that nothing uses goes on running
_FACT = "warm_demand."  # and the team

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Demand:
    """The last creation of a team whose like a warm slot can serve."""

    template_id: str
    repo_url: str
    odoo_image: str
    at: datetime
    branch: str = ""  # not known of what an older version created

    @classmethod
    def load(cls, facts: Facts, activity: TeamActivity, team: str) -> Self | None:
        """Return the demand of a team; None without one, and when it is too old.

        While nothing of the team runs it ends early: a slot is removed while the team's PostgreSQL
        still runs, and never keeps it running.
        """
        text = facts.get(_FACT + team)
        if text is None:
            return None
        found = json.loads(text)
        demand = cls(**{**found, "at": datetime.fromisoformat(found["at"])})
        busy = activity.needs_database(team)
        return demand if now() - demand.at < (KEPT if busy else KEPT_IDLE) else None


def note_demand(facts: Facts, settings: Settings, row: Environment) -> None:
    """Remember what was created, if a slot can serve its like; the environment exists anyway."""
    if not settings.teams[row.team].warm_slots:
        return
    if row.extra_repos or row.python_deps or uses_links(row.addons):
        return
    demand = {
        "template_id": row.template_id,
        "repo_url": row.repo_url,
        "branch": row.branch,
        "odoo_image": row.odoo_image,
        "at": rfc3339(now()),
    }
    try:
        facts.set(_FACT + row.team, json.dumps(demand))
    except Failure as failure:
        log.warning("no warm slot will follow %s: %s", row.name, failure.message)
