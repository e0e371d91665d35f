"""The page of one environment: its facts, its work, its login and its log."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, make_response, render_template, request

from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, call, data, poll
from oduflow.blueprints.dashboard.buttons import Button, buttons
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import Work, active_work, work_named
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.environment import SERVING_STATES, UNFINISHED, EnvironmentView
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.names import slug
from oduflow.domain.next_call import RETRY
from oduflow.domain.outcome import ErrorView, Status

LOGS = "get_environment_logs"
FOLLOW = "follow"  # for callers that print what is new; the page shows the log anew
HTMX = "HX-Request"


@dataclass(frozen=True, slots=True)
class EnvironmentPage:
    """What the page shows.

    Attributes:
        environment: None before the first step of its creation and after its deletion.
        work: the job that the URL names, else the unfinished job that holds the environment.
    """

    name: str
    environment: EnvironmentView | None
    work: Work | None

    @property
    def busy(self) -> bool:
        """Whether a job holds the environment."""
        return self.work is not None and self.work.active

    @property
    def explained(self) -> bool:
        """Whether the environment's own error is that of the job."""
        own, other = self.environment and self.environment.error, self.work and self.work.error
        same = ("kind", "message", "output")  # their calls were stored in different ways
        return bool(own and other and all(getattr(own, x) == getattr(other, x) for x in same))

    @property
    def has_log(self) -> bool:
        """Whether there is a log to read: of a container, or of a failed installation."""
        it = self.environment
        if it is None or it.state in UNFINISHED or self.busy:
            return False
        return it.has_container or bool(it.error and it.error.output)

    @property
    def has_snapshots(self) -> bool:
        """Whether snapshots can be taken and gone back to now."""
        it = self.environment
        return it is not None and it.state not in UNFINISHED and not self.busy

    @property
    def has_login(self) -> bool:
        """Whether there is an Odoo to sign in to."""
        it = self.environment
        return it is not None and it.state in SERVING_STATES and not self.busy

    @property
    def buttons(self) -> list[Button]:
        """The actions that are offered: none while a job holds the environment."""
        if self.environment is None or self.busy:
            return []
        offered = buttons(self.environment, "environment", listed=False)
        if self.can_retry:  # a rebuild of the same commit fails again
            return [replace(it, classes=it.classes.replace("primary", "")) for it in offered]
        return list(offered)

    def section(self, section: str, **given: str) -> list[Button]:
        """Return the actions that a section of the page offers.

        Args:
            section: as in the table of actions.
            given: arguments that the section knows, such as a snapshot's name.
        """
        if self.environment is None:
            return []
        return list(
            buttons(self.environment, "environment", listed=False, section=section, **given)
        )

    @property
    def can_retry(self) -> bool:
        """Whether the error suggests to create the environment again with other values."""
        error = self.environment and self.environment.error
        return bool(error and any(step.reason == RETRY for step in error.next))

    @property
    def gone(self) -> str:
        """Why there is no environment, in two words."""
        job = self.work.job if self.work else None
        if job is None or job.status == Status.OK:
            return "Deleted"
        return "Not created"


@blueprint.get("/environments/<name>")
def environment(name: str) -> str:
    """Show one environment."""
    return environment_page(name)


@blueprint.get(f"{FRAGMENTS}/environments/<name>")
def environment_fragment(name: str) -> str:
    """Return the environment alone."""
    return environment_page(name, "_environment")


@blueprint.get(f"{FRAGMENTS}/environments/<name>/log")
def log_fragment(name: str) -> str:
    """Return the filtered log alone."""
    return render_template("dashboard/_log.html", page=_load(name), **_log(name))


@blueprint.post("/environments/<name>/login")
def login(name: str) -> Response:
    """Show how to sign in to the environment's Odoo; no other page shows it."""
    return _login_page(name, lambda: {"login": data("get_environment_login", name=name)})


@blueprint.post("/environments/<name>/session")
def session(name: str) -> Response:
    """Make a session of a user, and show it; no other page shows it."""

    def make() -> dict[str, Any]:
        made = call("connect_as_user", name=name, login=request.form.get("login", ""))
        return {"session": made.data, "session_warnings": made.warnings}

    return _login_page(name, make)


def _login_page(name: str, load: Callable[[], dict[str, Any]]) -> Response:
    only_login = HTMX in request.headers
    try:
        shown = load()
    except Failure as failure:
        error = ErrorView.of(failure)
        if not only_login:
            return make_response(environment_page(name, failure=error), STATUS_OF[failure.kind])
        shown = {"login_failure": error}
    return make_response(environment_page(name, "_login" if only_login else "environment", **shown))


def environment_page(name: str, template: str = "environment", **more: Any) -> str:
    """Render a template with one environment.

    Raises:
        NotFound: there is no such environment, and no job about one.
    """
    page = _load(name)
    log = _log(page.name) if page.has_log and template != "_login" else {}
    if page.has_snapshots and template != "_login":
        more["snapshots"] = data("list_snapshots", name=page.name).snapshots
    return render_template(f"dashboard/{template}.html", page=page, **log, **more)


def _load(name: str) -> EnvironmentPage:
    """Load an environment and the job that its page shows.

    Raises:
        NotFound: there is no such environment, and no job about one.
    """
    canonical = slug(name)
    # The job first: one that ends between the two reads then shows as active, with the new state
    # of the environment, and the next poll shows its end. The other order would show the old state
    # beside a finished job, and no poll would follow.
    work = work_named(request.args.get("job", ""), "environment")
    if work is None or canonical not in work.names_of("environment"):
        work = active_work("environment").get(canonical)
    if work is not None and not _exists(canonical):
        return EnvironmentPage(canonical, None, work)
    try:
        found: EnvironmentView | None = data("get_environment", name=name)
    except NotFound:  # deleted since the list was read
        if work is None:
            raise
        found = None
    return EnvironmentPage(canonical, found, work)


def _exists(name: str) -> bool:
    """Whether there is an environment, as the list says.

    Asking for one that is not made yet is a refusal, and so a row of the audit log for each poll.
    """
    return any(found.name == name for found in data("list_environments").environments)


def _log(name: str) -> dict[str, Any]:
    form = Form.of(LOGS, request.args, without=("name", FOLLOW))
    try:
        envelope = poll(LOGS, name=name, **form.arguments())
    except Failure as failure:
        return {"log_form": form.refused(failure), "log": None}
    return {"log_form": form, "log": envelope}
