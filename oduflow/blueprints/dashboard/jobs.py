"""The pages of jobs: the list, one job, and cancelling it."""

from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.work import MOST, Work, work_of
from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.masking import redact
from oduflow.domain.next_call import Next

SHOWN = 50  # rows of the list


@blueprint.get("/jobs")
def jobs() -> str:
    """Show the team's latest jobs."""
    return render_template("dashboard/jobs.html", **_listed())


@blueprint.get(f"{FRAGMENTS}/jobs")
def jobs_fragment() -> str:
    """Return the list alone."""
    return render_template("dashboard/_jobs.html", **_listed())


@blueprint.get("/jobs/<job>")
def job(job: str) -> str:
    """Show the progress or the result of one job."""
    return render_template("dashboard/job.html", **_shown(job))


@blueprint.get(f"{FRAGMENTS}/jobs/<job>")
def job_fragment(job: str) -> str:
    """Return the job alone."""
    return render_template("dashboard/_job_page.html", **_shown(job))


@blueprint.post("/jobs/<job>/cancel")
def cancel_job(job: str) -> Response:
    """Ask a job to stop, and show its page."""
    call("cancel_job", job=job)
    return redirect_to("job", job=job, asked="yes")


def _listed() -> dict[str, Any]:
    only_active = request.args.get("active") == "true"
    environment = request.args.get("environment", "").strip()
    found = [Work(row) for row in data("list_jobs", active=only_active, limit=MOST).jobs]
    # The names of the jobs, not of the environments: the reason for looking may be a deleted one.
    held = [(work, work.names_of("environment")) for work in found]
    names = {name for _, of_it in held for name in of_it}
    shown = [work for work, of_it in held if environment in {"", *of_it}]
    return {
        "works": shown[:SHOWN],
        "only_active": only_active,
        "environment": environment,
        "names": sorted(names | ({environment} - {""})),
    }


def _shown(job: str) -> dict[str, Any]:
    try:
        work = work_of(job)
    except Invalid as wrong:  # the handle is a part of the URL here, not an argument
        steps = (Next.of("list_jobs", "shows the latest ones"),)
        raise NotFound(f"There is no job “{redact(job)}”.", "", *steps) from wrong
    return {"work": work, "asked": "asked" in request.args}
