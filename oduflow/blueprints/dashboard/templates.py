"""The templates: the list, making one, deleting one."""

from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard import environments
from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import active_work, begin, work_named
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.outcome import ErrorView

OPERATION = "create_template"


@blueprint.get("/templates")
def templates() -> str:
    """Show the team's templates."""
    return render_template("dashboard/templates.html", **_listed())


@blueprint.get(f"{FRAGMENTS}/templates")
def templates_fragment() -> str:
    """Answer the list alone, as it is now."""
    return render_template("dashboard/_templates.html", **_listed())


@blueprint.get("/new/template")
def new_template() -> str:
    """Ask what a new template is made of."""
    return _form(Form.of(OPERATION, request.args))


@blueprint.post("/templates")
def create_template() -> Response:
    """Begin to make a template, and show how far it is."""
    form = Form.of(OPERATION, request.form)
    try:
        work = begin(OPERATION, **form.arguments())
    except Failure as failure:
        return make_response(_form(form.refused(failure)), STATUS_OF[failure.kind])
    return redirect_to("templates", job=work.job.job)


@blueprint.get("/templates/<name>/delete")
def confirm_template_deletion(name: str) -> str:
    """Say what deleting loses, or why it is refused, and ask."""
    return _confirmation(name)


@blueprint.post("/templates/<name>/delete")
def delete_template(name: str) -> Response:
    """Begin to delete the template, and show how far it is."""
    try:
        work = begin("delete_template", name=name)
    except Failure as failure:
        page = _confirmation(name, failure=ErrorView.of(failure))
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("templates", job=work.job.job)


def _listed() -> dict[str, Any]:
    works = active_work("template")
    return {
        "templates": environments.templates(),
        "works": works,
        "work": work_named(request.args.get("job", ""), "template"),
    }


def _form(form: Form) -> str:
    return render_template("dashboard/template_new.html", form=form)


def _confirmation(name: str, **more: Any) -> str:
    """Ask before deleting.

    Raises:
        NotFound: the team has no such template.
    """
    found = next((row for row in environments.templates() if row.name == name), None)
    if found is None:
        raise NotFound(f"There is no template “{name}”.", "The list shows those there are.")
    return render_template("dashboard/template_delete.html", template=found, **more)
