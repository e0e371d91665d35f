"""The dashboard's blueprint: who asks, what every page knows, and the only way to an operation."""

from typing import Any, cast

from flask import Blueprint, g, redirect, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from oduflow import __version__
from oduflow.blueprints.audit import audited_refusals
from oduflow.blueprints.auth import authenticate_basic
from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard import filters
from oduflow.blueprints.wait_limits import WaitKind
from oduflow.domain.access import Actor
from oduflow.domain.errors import RateLimited
from oduflow.domain.outcome import Envelope
from oduflow.kernel.call import Origin
from oduflow.settings import TeamSettings

FACE = "dashboard"
FRAGMENTS = "/_"  # partials that htmx asks for; no person goes there

blueprint = Blueprint(FACE, __name__)
filters.add_filters(blueprint)


@blueprint.record
def write_no_blank_lines(state: BlueprintSetupState) -> None:
    """Let a template's own lines leave no trace in the page."""
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True


@blueprint.before_request
def sign_in() -> None:
    """Find out who asks, before any page does anything.

    Raises:
        Forbidden: a foreign page made a browser send this.
        NotSignedIn: there is no credential where one is needed, or a wrong one.
    """
    g.actor = authenticate_basic()


@blueprint.after_request
def say_when_to_come_back(response: Response) -> Response:
    """Say it in the header as well, whichever page shows the refusal."""
    if "retry_after" in g:
        response.headers["Retry-After"] = str(g.retry_after)
    return response


@blueprint.context_processor
def known_to_every_page() -> dict[str, Any]:
    """Hand every page who asks; nobody where the page says that nobody signed in."""
    if "actor" not in g:
        return {}
    return {"actor": current_actor(), "team": current_team(), "version": __version__}


def current_actor() -> Actor:
    """Return who asks."""
    return cast("Actor", g.actor)


def current_team() -> TeamSettings:
    """Return the team of whoever asks."""
    return context().settings.teams[current_actor().team]


def call(operation: str, /, **raw: Any) -> Envelope[Any]:
    """Run one operation for whoever asks; a slow one answers its job at once.

    Raises:
        Failure: the call was refused, or a quick operation failed.
    """
    runner, actor = context().runner, current_actor()
    origin = Origin(FACE, request.remote_addr or "")
    try:
        with context().wait_limiter.permit(actor, WaitKind.CALL) as permit:
            with audited_refusals(operation, actor):
                permit.take_for(runner.registry.get(operation), raw)
            return runner.call(operation, raw, actor, origin)
    except RateLimited as refusal:
        g.retry_after = refusal.retry_after  # also where a page of its own shows the refusal
        raise


def data(operation: str, /, **raw: Any) -> Any:
    """Run one quick operation and return its view.

    Raises:
        Failure: it was refused, or failed.
    """
    return call(operation, **raw).data


def redirect_to(page: str, **where: Any) -> Response:
    """Send the browser to another page, so that reloading it sends no form twice."""
    return redirect(url_for(f"{FACE}.{page}", **where), 303)
