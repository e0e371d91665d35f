"""Jobs as pages show them: title, progress and result."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from oduflow.blueprints.dashboard.actions import progress_word
from oduflow.blueprints.dashboard.blueprint import data
from oduflow.blueprints.dashboard.filters import humanize
from oduflow.domain.clock import now
from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.job import JobView
from oduflow.domain.next_call import Next, without_texts
from oduflow.domain.outcome import FINISHED, ErrorView, Status

_CALLS: TypeAdapter[tuple[Next, ...]] = TypeAdapter(tuple[Next, ...])
NEWS = timedelta(days=1)
MOST = 200  # the most that one call of list_jobs returns


@dataclass(frozen=True, slots=True)
class Work:
    """One job, with the texts that pages show."""

    job: JobView

    @property
    def active(self) -> bool:
        """Whether it is not finished."""
        return self.job.status not in FINISHED

    @property
    def old(self) -> bool:
        """Whether it ended more than a day ago: its failure is history, not news."""
        return not self.active and now() - datetime.fromisoformat(self.job.updated_at) > NEWS

    def names_of(self, noun: str) -> tuple[str, ...]:
        """Return the names of everything of that noun that the job locks."""
        return tuple(each.name for each in self.job.holds if each.noun == noun)

    @property
    def title(self) -> str:
        """The operation and its target, such as `Create environment demo`."""
        return f"{humanize(self.job.operation)} {self.job.target}".rstrip()

    @property
    def progress_word(self) -> str:
        """What it does, such as `Creating`."""
        return progress_word(self.job.operation)

    @property
    def state(self) -> str:
        """The name of the symbol for its status."""
        return "busy" if self.job.status is Status.RUNNING else self.job.status

    @property
    def progress_text(self) -> str:
        """Its step or its place in the queue, as text."""
        if self.job.position:
            return f"Waiting for a boot slot · number {self.job.position} in the queue"
        message = self.job.message or "getting ready"
        if self.job.total:
            return f"Step {self.job.done} of {self.job.total} · {message}"
        return f"{message[:1].upper()}{message[1:]}"

    @property
    def error(self) -> ErrorView | None:
        """The error of a failed job, else None."""
        error = self._result.get("error")
        return ErrorView.model_validate(error) if error else None

    @property
    def summary(self) -> str:
        """The sentence that its result begins with; empty until then."""
        return str(self._result.get("summary", ""))

    @property
    def warnings(self) -> list[str]:
        """The warnings of its result."""
        return list(self._result.get("warnings", ()))

    @property
    def next(self) -> tuple[Next, ...]:
        """The calls that its result suggests."""
        return _CALLS.validate_python(without_texts(self._result.get("next", ())))

    @property
    def snapshot(self) -> str:
        """The name of the snapshot that was taken before the work; empty without one."""
        return str(self._result.get("snapshot") or "")

    @property
    def image(self) -> str:
        """The handle of the image that belongs to its result; empty without one."""
        return str(self._result.get("image") or "")

    @property
    def further(self) -> tuple[Next, ...]:
        """The calls that the result suggests besides its error's own."""
        own = self.error.next if self.error else ()
        return tuple(step for step in self.next if step not in own)

    @property
    def facts(self) -> dict[str, Any]:
        """The texts and numbers of its result."""
        data = self._result.get("data") or {}
        return {name: value for name, value in data.items() if isinstance(value, str | int)}

    @property
    def _result(self) -> dict[str, Any]:
        return self.job.result or {}


def work_of(job: str) -> Work:
    """Load one job.

    Raises:
        NotFound: the team has no such job.
        Invalid: the text is not a job's handle.
    """
    return Work(data("get_job", job=job))


def work_named(job: str, noun: str) -> Work | None:
    """Return the job that the page's URL names, if it locks something of that noun, else None."""
    try:
        work = work_of(job) if job else None
    except (Invalid, NotFound):
        return None
    return work if work and work.names_of(noun) else None


def active_work(noun: str) -> dict[str, Work]:
    """Return the unfinished jobs that lock something of a noun, by the name of each of these."""
    jobs = data("list_jobs", active=True, limit=MOST).jobs
    works = (Work(job) for job in reversed(jobs))
    return {name: work for work in works for name in work.names_of(noun)}
