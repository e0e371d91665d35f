"""The page of a stored output: the whole of a text that an answer showed a part of, or an image."""

from typing import Any

from flask import Response, make_response, render_template, request

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.blueprint import blueprint, call, current_actor
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound
from oduflow.kernel.outputs import no_output

OPERATION = "read_output"


@blueprint.get("/outputs/<handle>")
def output(handle: str) -> Response:
    """Show the lines of a stored output that match the filter.

    Raises:
        NotFound: the team has no such output.
    """
    form = Form.of(OPERATION, request.args, without=("handle",))
    shown: dict[str, Any] = {"form": form, "answer": None, "handle": handle}
    status = 200
    try:
        shown["answer"] = call(OPERATION, handle=handle, **form.arguments())
    except NotFound:
        raise
    except Failure as failure:
        shown["form"], status = form.refused(failure), STATUS_OF[failure.kind]
    return make_response(render_template("dashboard/output.html", **shown), status)


@blueprint.get("/outputs/<handle>/image")
def image(handle: str) -> Response:
    """Return a stored image alone.

    Raises:
        NotFound: the team has no such image.
    """
    envelope = call(OPERATION, handle=handle)
    content = context().runner.image(current_actor().team, envelope.image or "")
    if content is None:
        raise no_output(handle)
    return Response(content, mimetype="image/png")
