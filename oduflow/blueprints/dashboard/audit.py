"""The page of the audit log, with its filter."""

from dataclasses import replace
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from oduflow.blueprints.dashboard.blueprint import blueprint, call
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.audit.view import AuditPage
from oduflow.domain.errors import Failure, Kind

OPERATION = "read_audit"
PAGING = ("before", "limit")
FACES = ("cli", "dashboard", "mcp", "oauth", "rest", "server")


@blueprint.get("/audit")
def audit() -> Response:
    """Show the rows of the team's audit log that match the filter, newest first."""
    form = Form.of(OPERATION, request.args, without=PAGING)
    form = form.choosing("face", FACES).choosing("outcome", ("ok", *Kind))
    if "reads" not in request.args:  # reads are most of the rows, and tell the least
        form = form.opened_with("reads", "false")
    asked = form.arguments()
    if "operation" in asked:  # the page shows it as words
        asked["operation"] = asked["operation"].strip().lower().replace(" ", "_")
    paging = {name: request.args[name] for name in PAGING if request.args.get(name)}
    try:
        page: AuditPage | None = call(OPERATION, **asked, **paging).data
        status = 200
    except Failure as failure:
        form, page, status = _refused(form, failure), None, STATUS_OF[failure.kind]
    shown = {"form": form, "page": page, "narrowed": asked != {"reads": False}, "paging": paging}
    links = _links(asked, paging, page)
    return make_response(render_template("dashboard/audit.html", **shown, **links), status)


def _links(asked: dict[str, Any], paging: dict[str, str], page: AuditPage | None) -> dict[str, str]:
    """Return the URLs of the newest and of the next older page."""
    shown = {name: value for name, value in asked.items() if name != "reads"}
    asked = shown | ({"reads": "true"} if asked.get("reads") else {})
    links = {"newest": url_for(".audit", **asked)} if "before" in paging else {}
    if page and page.before:
        links["older"] = url_for(".audit", **{**asked, **paging, "before": page.before})
    return links


def _refused(form: Form, failure: Failure) -> Form:
    """Return the form with the failure; the paging arguments have no field to show a problem."""
    refused = form.refused(failure)
    named = {field.name for field in form.fields}
    known = {name: problem for name, problem in refused.problems.items() if name in named}
    return replace(refused, problems=known)
