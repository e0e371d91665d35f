"""A job's steps as MCP progress notifications."""

from mcp.server.session import ServerSession

from oduflow.domain.job import Job
from oduflow.kernel.runner import standing


class ProgressTeller:
    """Tells one caller how far a job is; says nothing to callers that gave no progress token.

    Progress must rise with every notification (MCP, “Progress”), also when one step has several
    things to say: each of those goes half of the way that is left to the next step.
    """

    def __init__(self, session: ServerSession) -> None:
        self._session = session
        self._value = 0.0
        self._said = ""

    async def tell(self, job: Job) -> None:
        """Send a notification if there is news."""
        message = standing(job)
        if message == self._said:
            return
        self._said = message
        step = float(job.progress.done) if job.progress else 0.0
        total = float(job.progress.total) if job.progress and job.progress.total else None
        self._value = step if step > self._value else (self._value + _next(self._value)) / 2
        await self._session.report_progress(self._value, total, message)


def _next(value: float) -> float:
    return float(int(value) + 1)
