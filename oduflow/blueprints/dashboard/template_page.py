"""The page of a template: where it is from, and the proof that it was neutralised."""

from flask import render_template

from oduflow.blueprints.dashboard.blueprint import blueprint, data


@blueprint.get("/templates/<name>")
def template(name: str) -> str:
    """Show a template.

    Raises:
        NotFound: the team has none of that name.
    """
    detail = data("get_template", name=name)
    return render_template("dashboard/template.html", it=detail.template, detail=detail)
