"""The page of an environment's changes: what its database has that its template has not."""

from typing import Any

from flask import Response, make_response, render_template, request

from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import MOST, Work, work_of
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.comparison.view import DiffView
from oduflow.domain.environment import EnvironmentView
from oduflow.domain.errors import Failure, Invalid, NotFound
from oduflow.domain.outcome import Status

OPERATION = "diff_environment"


@blueprint.get("/environments/<name>/diff")
def diff(name: str) -> str:
    """Show the comparison that the URL names, else the latest one."""
    return render_template("dashboard/diff.html", **_shown(name))


@blueprint.get(f"{FRAGMENTS}/environments/<name>/diff")
def diff_fragment(name: str) -> str:
    """Return the comparison alone."""
    return render_template("dashboard/_diff.html", **_shown(name))


@blueprint.post("/environments/<name>/diff")
def compare(name: str) -> Response:
    """Begin a comparison, and show its progress."""
    form = Form.of(OPERATION, request.form, without=("name",))
    try:
        envelope = call(OPERATION, name=name, **form.arguments())
    except Failure as failure:
        shown = _shown(name) | {"form": form.refused(failure)}
        page = render_template("dashboard/diff.html", **shown)
        return make_response(page, STATUS_OF[failure.kind])
    return make_response(redirect_to("diff", name=name, job=envelope.job))


def _shown(name: str) -> dict[str, Any]:
    """Load the environment and its comparison.

    Raises:
        NotFound: there is no such environment.
    """
    environment: EnvironmentView = data("get_environment", name=name)
    work = _work(environment.name)
    names = [each.name for each in data("list_snapshots", name=name).snapshots]
    form = Form.of(OPERATION, request.args, without=("name",))
    form = form.choosing("before", names).choosing("after", names)
    return {
        "it": environment,
        "form": form.explaining_default("before", f"template {environment.template}"),
        "work": work,
        "found": _result(work),
    }


def _work(name: str) -> Work | None:
    """Return the comparison that the URL names, else the latest of the environment."""
    wanted = request.args.get("job", "")
    if not wanted:
        jobs = data("list_jobs", limit=MOST).jobs
        mine = (job.job for job in jobs if job.operation == OPERATION and job.target == name)
        wanted = next(mine, "")
    try:
        work = work_of(wanted) if wanted else None
    except (Invalid, NotFound):
        return None
    is_mine = work is not None and (work.job.operation, work.job.target) == (OPERATION, name)
    return work if is_mine else None


def _result(work: Work | None) -> DiffView | None:
    if work is None or work.job.status != Status.OK or work.job.result is None:
        return None
    return DiffView.model_validate(work.job.result["data"])
