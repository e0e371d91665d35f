"""Jobs as pages show them: what is being done, how far it is, how it ended."""

from dataclasses import dataclass
from typing import Any

from oduflow.blueprints.dashboard.actions import progress_word
from oduflow.blueprints.dashboard.blueprint import data
from oduflow.blueprints.dashboard.filters import spoken
from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.job import JobView
from oduflow.domain.outcome import FINISHED, ErrorView, Status

MOST_ACTIVE = 200  # as many as one call of list_jobs answers


@dataclass(frozen=True, slots=True)
class Work:
    """One job."""

    job: JobView

    @property
    def active(self) -> bool:
        """Whether it is not finished."""
        return self.job.status not in FINISHED

    def name_of(self, noun: str) -> str | None:
        """Return the name of the thing of that kind that the job is about or holds."""
        if noun == "environment":
            return self.job.environment
        return self.job.target if self.job.noun == noun else None

    @property
    def title(self) -> str:
        """What was asked for."""
        return f"{spoken(self.job.operation)} {self.job.target}".rstrip()

    @property
    def progress_word(self) -> str:
        """Return what it is doing, such as `Creating`."""
        return progress_word(self.job.operation)

    @property
    def state(self) -> str:
        """The shape that goes with its status."""
        return "busy" if self.job.status is Status.RUNNING else self.job.status

    @property
    def progress_text(self) -> str:
        """How far it is, in words."""
        if self.job.position:
            return f"Waiting for a boot slot · number {self.job.position} in the queue"
        message = self.job.message or "getting ready"
        if self.job.total:
            return f"Step {self.job.done} of {self.job.total} · {message}"
        return f"{message[:1].upper()}{message[1:]}"

    @property
    def error(self) -> ErrorView | None:
        """Why it failed, if it did."""
        error = self._result.get("error")
        return ErrorView.model_validate(error) if error else None

    @property
    def summary(self) -> str:
        """How it ended, in one sentence."""
        return str(self._result.get("summary", ""))

    @property
    def warnings(self) -> list[str]:
        """What went right but deserves a look."""
        return list(self._result.get("warnings", ()))

    @property
    def next(self) -> list[str]:
        """Calls worth making now."""
        return list(self._result.get("next", ()))

    @property
    def facts(self) -> dict[str, Any]:
        """What it answered, as far as it is told in one line each."""
        data = self._result.get("data") or {}
        return {name: value for name, value in data.items() if isinstance(value, str | int)}

    @property
    def _result(self) -> dict[str, Any]:
        return self.job.result or {}


def work_of(job: str) -> Work:
    """Look at one job.

    Raises:
        NotFound: the team has no such job.
        Invalid: this is no handle of a job.
    """
    return Work(data("get_job", job=job))


def work_named(job: str, noun: str) -> Work | None:
    """Look at the job that a page's address names, if it is one about that kind of thing."""
    try:
        work = work_of(job) if job else None
    except (Invalid, NotFound):
        return None
    return work if work and work.name_of(noun) else None


def active_work(noun: str) -> dict[str, Work]:
    """Return the unfinished job of each thing of a kind, by its name."""
    jobs = data("list_jobs", active=True, limit=MOST_ACTIVE).jobs
    works = (Work(job) for job in reversed(jobs))
    return {name: work for work in works if (name := work.name_of(noun))}
