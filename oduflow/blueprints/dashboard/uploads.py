"""The page that asks before an upload is deleted; the page of an import lists them."""

from dataclasses import dataclass
from typing import Any

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.actions import actions_on
from oduflow.blueprints.dashboard.blueprint import blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import ErrorView
from oduflow.domain.upload import no_upload

IMPORT = "new_import_template"  # the endpoint of the page that lists them
_ONE = '/templates/uploads/<name>/<any("delete"):action>'
(_DELETE,) = actions_on("upload")


@dataclass(frozen=True, slots=True)
class UploadPages:
    """What the page that asks shows of where it belongs to; compare `ResourcePages`."""

    home: str
    plural: str = "templates"
    words: str = "upload"
    heading: str = "Import backup"


@blueprint.get(_ONE)
def upload_page(name: str, action: str) -> str:  # noqa: ARG001 - deletion is the only one
    """Ask whether to delete an upload.

    Raises:
        NotFound: the team has no such upload.
    """
    return _asking(name)


@blueprint.post(_ONE)
def upload_action(name: str, action: str) -> Response:  # noqa: ARG001 - as above
    """Delete an upload."""
    try:
        call(_DELETE.operation, name=name)
    except Failure as failure:
        return make_response(_asking(name, failure), STATUS_OF[failure.kind])
    return redirect_to(IMPORT)


def _asking(name: str, failure: Failure | None = None) -> str:
    found = {each.name: each for each in data("list_uploads").uploads}
    if name not in found:
        raise no_upload(name)
    home = url_for(f"{blueprint.name}.{IMPORT}")
    shown: dict[str, Any] = {"it": found[name], "action": _DELETE, "pages": UploadPages(home)}
    form = Form((), failure=None if failure is None else ErrorView.of(failure))
    return render_template(
        "dashboard/upload_delete.html", **shown, destroys=True, form=form, hidden={}, back=home
    )
