"""The environments: the list, its search, and making a new one."""

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from oduflow.blueprints.dashboard.blueprint import (
    FRAGMENTS,
    blueprint,
    current_team,
    data,
    redirect_to,
)
from oduflow.blueprints.dashboard.extra_repos import choices
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import Work, active_work, begin
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.environment import EnvironmentState, EnvironmentView
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import ErrorView
from oduflow.domain.template import TemplateState, TemplateView

OPERATION = "create_environment"


@dataclass(frozen=True, slots=True)
class Row:
    """One environment of the list, and what is being done to it."""

    environment: EnvironmentView
    work: Work | None

    def holds(self, text: str) -> bool:
        """Whether every word of a search is somewhere in the row."""
        seen = self.environment
        values = (seen.name, seen.branch, seen.commit, seen.template, seen.state, seen.created_by)
        return all(word in " ".join(values).lower() for word in text.lower().split())


@blueprint.get("/")
def environments() -> str:
    """Show the team's environments."""
    return render_template("dashboard/environments.html", **_listed())


@blueprint.get(f"{FRAGMENTS}/environments")
def environments_fragment() -> Response:
    """Answer the list alone; the address of the page follows what is searched for."""
    seen = _listed()
    response = make_response(render_template("dashboard/_environments.html", **seen))
    response.headers["HX-Replace-Url"] = url_for(".environments", q=seen["q"] or None)
    return response


@blueprint.get("/new/environment")
def new_environment() -> str:
    """Ask what a new environment is made of."""
    return _form(Form.of(OPERATION, request.args))


@blueprint.post("/environments")
def create_environment() -> AnyResponse:
    """Begin to make an environment, and show how far it is."""
    form = Form.of(OPERATION, request.form)
    try:
        work = begin(OPERATION, **form.arguments())
    except Failure as failure:
        return make_response(_form(form.refused(failure)), STATUS_OF[failure.kind])
    return redirect_to("environment", name=work.job.target, job=work.job.job)


def refused_list(failure: Failure) -> Response:
    """Show the list, and above it why something could not be done."""
    seen = _listed() | {"failure": ErrorView.of(failure)}
    return make_response(
        render_template("dashboard/environments.html", **seen), STATUS_OF[failure.kind]
    )


def templates() -> tuple[TemplateView, ...]:
    """Return the team's templates."""
    found: tuple[TemplateView, ...] = data("list_templates").templates
    return found


def _listed() -> dict[str, Any]:
    text = request.args.get("q", "").strip()
    seen: tuple[EnvironmentView, ...] = data("list_environments").environments
    works = active_work("environment")
    rows = [Row(environment, works.get(environment.name)) for environment in seen]
    named = {environment.name for environment in seen}
    return {
        "q": text,
        "rows": [row for row in rows if row.holds(text)],
        # A new environment is in the list only once its first step has reserved the name.
        "coming": [work for name, work in works.items() if name not in named],
        "total": len(seen),
        "running": sum(row.state is EnvironmentState.RUNNING for row in seen),
        "limit": current_team().max_environments,
        "templates": len(templates()),
        "working": len(works),
    }


def _form(form: Form) -> str:
    ready = [found.name for found in templates() if found.state is TemplateState.READY]
    form = form.choosing("template", ready).choosing("extra_repos", choices())
    return render_template("dashboard/environment_new.html", form=form, ready=ready)
