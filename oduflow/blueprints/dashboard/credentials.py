"""The git credentials: the list, keeping one, asking about one, deleting one. Always masked."""

from typing import Any

from flask import make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.blueprint import blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.credential import CredentialView
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.outcome import ErrorView

OPERATION = "setup_repo_auth"
NAMED_BY = ("host", "username", "path")


@blueprint.get("/credentials")
def credentials() -> str:
    """Show the team's credentials."""
    return _list()


@blueprint.get("/new/credential")
def new_credential() -> str:
    """Ask for a credential; an address never fills this form in, for it would hold a token."""
    return _form(Form.of(OPERATION, MultiDict()))


@blueprint.post("/credentials")
def setup_repo_auth() -> Response:
    """Keep a credential that is proven."""
    form = Form.of(OPERATION, request.form)
    try:
        call(OPERATION, **form.arguments())
    except Failure as failure:
        return make_response(_form(form.refused(failure)), STATUS_OF[failure.kind])
    return redirect_to("credentials")


@blueprint.post("/credentials/validate")
def validate_credential() -> Response:
    """Ask the provider, and show what it said in the list."""
    try:
        call("validate_credential", **_named(request.form))
    except Failure as failure:
        page = _list(failure=ErrorView.of(failure))
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("credentials")


@blueprint.get("/credentials/delete")
def confirm_credential_deletion() -> str:
    """Say what deleting loses, and ask."""
    return _confirmation(_named(request.args))


@blueprint.post("/credentials/delete")
def delete_credential() -> Response:
    """Delete a credential."""
    named = _named(request.form)
    try:
        call("delete_credential", **named)
    except NotFound:
        raise
    except Failure as failure:
        page = _confirmation(named, failure=ErrorView.of(failure))
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("credentials")


def _found() -> tuple[CredentialView, ...]:
    found: tuple[CredentialView, ...] = data("list_credentials").credentials
    return found


def _list(**more: Any) -> str:
    return render_template("dashboard/credentials.html", credentials=_found(), **more)


def _form(form: Form) -> str:
    return render_template("dashboard/credential_new.html", form=form)


def _named(sent: MultiDict[str, str]) -> dict[str, str]:
    return {field: sent.get(field, "") for field in NAMED_BY}


def _confirmation(named: dict[str, str], **more: Any) -> str:
    """Ask before deleting.

    Raises:
        NotFound: the team has no such credential.
    """
    found = [
        each for each in _found() if all(getattr(each, field) == named[field] for field in NAMED_BY)
    ]
    if not found:
        raise NotFound("There is no such credential.", "The list shows those there are.")
    return render_template("dashboard/credential_delete.html", credential=found[0], **more)
