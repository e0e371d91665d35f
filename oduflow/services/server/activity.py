"""Whether a team has something that uses its PostgreSQL."""

from dataclasses import dataclass

from oduflow.adapters.store import Environments, Templates
from oduflow.domain.environment import UNFINISHED, EnvironmentState
from oduflow.domain.template import SETTLED
from oduflow.kernel.ports import JobStore

USING = UNFINISHED | {EnvironmentState.RUNNING}


@dataclass(frozen=True, slots=True)
class TeamActivity:
    """Answers from the store's rows, which every process writes before it begins."""

    environments: Environments
    templates: Templates
    jobs: JobStore

    def needs_database(self, team: str) -> bool:
        """Whether an environment runs, or an environment or template is half-made."""
        return any(row.state in USING or row.step for row in self.environments.list(team)) or any(
            row.state not in SETTLED for row in self.templates.list(team)
        )

    def works(self, team: str) -> bool:
        """Whether a job of the team is not finished."""
        return any(job.actor.team == team for job in self.jobs.unfinished())
