"""Who else may come in: the grants, making one, revoking one."""

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from oduflow.blueprints.auth.announce import team_url
from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.blueprint import blueprint, call, current_team, data, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.grant import GrantView

OPERATION = "create_grant"


@blueprint.get("/access")
def access() -> str:
    """Show the team's grants."""
    return render_template("dashboard/access.html", grants=_grants())


@blueprint.get("/new/grant")
def new_grant() -> str:
    """Ask what a new grant opens."""
    return _form(Form.of(OPERATION, request.args))


@blueprint.post("/access")
def create_grant() -> Response:
    """Make a grant and show its secret, on this answer and on no other.

    No redirect: the secret would have to be kept somewhere until the next request. Sending the
    form again only says that the name is taken.
    """
    form = Form.of(OPERATION, request.form)
    try:
        made = call(OPERATION, **form.arguments()).data
    except Failure as failure:
        return make_response(_form(form.refused(failure)), STATUS_OF[failure.kind])
    address = team_url(context().settings, current_team())
    return make_response(render_template("dashboard/grant_made.html", it=made, address=address))


@blueprint.get("/access/<name>/revoke")
def confirm_revocation(name: str) -> str:
    """Say what revoking ends, and ask.

    Raises:
        NotFound: the team has no such grant.
    """
    grants = _grants()
    found = next((grant for grant in grants if grant.name == name), None)
    if found is None:
        raise NotFound(f"There is no grant “{name}”.", "The list shows those there are.")
    return render_template(
        "dashboard/grant_revoke.html",
        it=found,
        children=[grant.name for grant in grants if grant.parent == name],
    )


@blueprint.post("/access/<name>/revoke")
def revoke_grant(name: str) -> Response:
    """Revoke the grant, and show the others."""
    call("revoke_grant", name=name)
    return redirect_to("access")


def _grants() -> tuple[GrantView, ...]:
    found: tuple[GrantView, ...] = data("list_grants").grants
    return found


def _form(form: Form) -> str:
    names = [found.name for found in data("list_environments").environments]
    return render_template("dashboard/grant_new.html", form=form, names=names)
