"""The page of a stored output: the whole of a text that an answer showed a part of."""

from typing import Any

from flask import Response, make_response, render_template, request

from oduflow.blueprints.dashboard.blueprint import blueprint, call
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound

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
