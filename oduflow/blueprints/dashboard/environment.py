"""One environment: what it is, how it stands, and everything that can be done to it."""

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.environments import refused_list
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import Work, active_work, begin, work_named
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.environment import UNFINISHED, EnvironmentView
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.names import slug
from oduflow.domain.outcome import ErrorView

LOGS = "get_environment_logs"
HTMX = "HX-Request"
LIST = "list"  # where an action goes back to, unless to the environment itself


@dataclass(frozen=True, slots=True)
class Seen:
    """An environment, or only the work on one that is not there yet or no more."""

    name: str
    environment: EnvironmentView | None
    work: Work | None

    @property
    def busy(self) -> bool:
        """Whether something is being done to it."""
        return self.work is not None and self.work.active

    @property
    def explained(self) -> bool:
        """Whether the environment itself tells why the work failed."""
        told = self.environment and self.environment.error
        return bool(told and self.work and told == self.work.error)

    @property
    def has_log(self) -> bool:
        """Whether a container of its own has written one, and stays."""
        seen = self.environment
        return bool(seen and seen.has_container and seen.state not in UNFINISHED) and not self.busy


@blueprint.get("/environments/<name>")
def environment(name: str) -> str:
    """Show one environment."""
    return _page(_look(name))


@blueprint.get(f"{FRAGMENTS}/environments/<name>")
def environment_fragment(name: str) -> str:
    """Answer the environment alone, as it is now."""
    seen = _look(name)
    return render_template("dashboard/_environment.html", **_shown(seen))


@blueprint.get(f"{FRAGMENTS}/environments/<name>/log")
def log_fragment(name: str) -> str:
    """Answer the log alone, filtered."""
    return render_template("dashboard/_log.html", seen=_look(name), **_log(name))


@blueprint.post("/environments/<name>/login")
def login(name: str) -> Response:
    """Show how to sign in to the environment's Odoo; nothing else ever does."""
    try:
        shown = {"login": data("get_environment_login", name=name)}
    except Failure as failure:
        if HTMX not in request.headers:
            return _refused(name, failure)
        shown = {"login_failure": ErrorView.of(failure)}
    if HTMX in request.headers:
        return make_response(render_template("dashboard/_login.html", seen=_look(name), **shown))
    return make_response(_page(_look(name), **shown))


@blueprint.post("/environments/<name>/<any(start, restart, rebuild):action>")
def begin_action(name: str, action: str) -> AnyResponse:
    """Begin something slow, and show how far it is."""
    try:
        work = begin(f"{action}_environment", name=name)
    except Failure as failure:
        return _refused(name, failure)
    return _back(name, job=work.job.job)


@blueprint.post("/environments/<name>/stop")
def stop(name: str) -> AnyResponse:
    """Stop the environment."""
    try:
        call("stop_environment", name=name)
    except Failure as failure:
        return _refused(name, failure)
    return _back(name)


@blueprint.post("/environments/<name>/protect")
def protect(name: str) -> AnyResponse:
    """Refuse deleting the environment, or allow it again."""
    form = Form.of("protect_environment", request.form, without=("name",))
    try:
        call("protect_environment", name=name, **form.arguments())
    except Failure as failure:
        return _refused(name, failure)
    return _back(name)


@blueprint.get("/environments/<name>/delete")
def confirm_deletion(name: str) -> str:
    """Say what deleting loses, and ask."""
    return _confirmation(name)


@blueprint.post("/environments/<name>/delete")
def delete_environment(name: str) -> AnyResponse:
    """Begin to delete the environment, and show how far it is."""
    try:
        work = begin("delete_environment", name=name)
    except Failure as failure:
        page = _confirmation(name, failure=ErrorView.of(failure))
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("environment", name=work.job.target, job=work.job.job)


def _look(name: str) -> Seen:
    """Look at an environment and at the work on it.

    Raises:
        NotFound: there is no such environment, and no work on one.
    """
    try:
        found: EnvironmentView | None = data("get_environment", name=name)
        missing = None
    except NotFound as failure:
        found, missing = None, failure
    real = found.name if found else slug(name)
    asked = work_named(request.args.get("job", ""), "environment")
    if asked is None or asked.job.environment != real:
        asked = active_work("environment").get(real)
    if missing and asked is None:
        raise missing
    return Seen(real, found, asked)


def _shown(seen: Seen, **more: Any) -> dict[str, Any]:
    log = _log(seen.name) if seen.has_log else {}
    return {"seen": seen, **log, **more}


def _page(seen: Seen, **more: Any) -> str:
    return render_template("dashboard/environment.html", **_shown(seen, **more))


def _log(name: str) -> dict[str, Any]:
    form = Form.of(LOGS, request.args, without=("name",))
    try:
        envelope = call(LOGS, name=name, **form.arguments())
    except Failure as failure:
        return {"log_form": form.refused(failure), "log": None}
    return {"log_form": form, "log": envelope}


def _back(name: str, **where: str) -> AnyResponse:
    """Go back to where the button was."""
    if request.form.get("back") == LIST:
        return redirect_to("environments")
    return redirect_to("environment", name=name, **where)


def _refused(name: str, failure: Failure) -> Response:
    """Show the page where the button was, and why nothing happened."""
    if request.form.get("back") == LIST:
        return refused_list(failure)
    if isinstance(failure, NotFound):
        raise failure
    page = _page(_look(name), failure=ErrorView.of(failure))
    return make_response(page, STATUS_OF[failure.kind])


def _confirmation(name: str, **more: Any) -> str:
    found: EnvironmentView = data("get_environment", name=name)
    return render_template("dashboard/environment_delete.html", environment=found, **more)
