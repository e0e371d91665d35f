"""A job's steps as MCP progress notifications."""

from mcp.server.session import ServerSession

from oduflow.domain.job import Job
from oduflow.kernel.runner import progress_text


class ProgressReporter:
    """Reports a job's progress to one caller, if it gave a progress token.

    Progress must increase with every notification (MCP, “Progress”). A further message of the same
    step therefore adds half of what is left to the next step.
    """

    def __init__(self, session: ServerSession) -> None:
        self._session = session
        self._value = 0.0
        self._reported = ""

    async def report(self, job: Job) -> None:
        """Send a notification if the job's progress text has changed."""
        message = progress_text(job)
        if message == self._reported:
            return
        self._reported = message
        step = float(job.progress.done) if job.progress else 0.0
        total = float(job.progress.total) if job.progress and job.progress.total else None
        self._value = step if step > self._value else (self._value + _next(self._value)) / 2
        await self._session.report_progress(self._value, total, message)


def _next(value: float) -> float:
    return float(int(value) + 1)
