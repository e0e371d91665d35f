"""The dashboard's blueprint: sign-in, what every template gets, and calls of operations."""

from collections.abc import Mapping
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
from oduflow.domain.sample import sample_url
from oduflow.kernel.call import Origin
from oduflow.settings import TeamSettings

FACE = "dashboard"
FRAGMENTS = "/_"  # the URL prefix of partials that htmx requests

blueprint = Blueprint(FACE, __name__)
filters.add_filters(blueprint)


@blueprint.record
def trim_template_lines(state: BlueprintSetupState) -> None:
    """Remove the lines of template tags from the rendered pages."""
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True


@blueprint.before_request
def sign_in() -> None:
    """Authenticate the request before any page handles it.

    Raises:
        Forbidden: a page of another site made the browser send the request.
        NotSignedIn: the credential is wrong, or missing where one is needed.
    """
    g.actor = authenticate_basic()
    context().begin_call(g.actor.team)


@blueprint.after_request
def add_retry_after(response: Response) -> Response:
    """Repeat a rate limit's waiting time in the header."""
    if "retry_after" in g:
        response.headers["Retry-After"] = str(g.retry_after)
    return response


@blueprint.context_processor
def add_template_context() -> dict[str, Any]:
    """Give every template the actor and the team; neither exists while sign-in is refused."""
    if "actor" not in g:
        return {}
    return {
        "actor": current_actor(),
        "team": current_team(),
        "version": __version__,
        "example_repository": example_repository(),
    }


def example_repository() -> str:
    """Return the URL in commands to copy: the sample repository, if this server offers it."""
    server = context().settings.server
    return sample_url(server.port) if server.sample else "https://github.com/OWNER/ADDONS.git"


def current_actor() -> Actor:
    """Return the actor of the request."""
    return cast("Actor", g.actor)


def current_team() -> TeamSettings:
    """Return the actor's team."""
    return context().settings.teams[current_actor().team]


def call(operation: str, /, **raw: Any) -> Envelope[Any]:
    """Run one operation for the request's actor; a slow one answers its job at once.

    Raises:
        Failure: the call was refused, or a quick operation failed.
    """
    return _call(operation, raw)


def poll(operation: str, /, **raw: Any) -> Envelope[Any]:
    """Run one quick operation for a page that repeats it; its whole output is not stored.

    Raises:
        Failure: it was refused, or failed.
    """
    return _call(operation, raw, store_output=False)


def _call(operation: str, raw: Mapping[str, Any], *, store_output: bool = True) -> Envelope[Any]:
    runner, actor = context().runner, current_actor()
    origin = Origin(FACE, request.remote_addr or "")
    try:
        with context().wait_limiter.permit(actor, WaitKind.CALL) as permit:
            with audited_refusals(operation, actor):
                permit.begin()
                permit.take_for(runner.registry.get(operation), raw)
            return runner.call(operation, raw, actor, origin, store_output=store_output)
    except RateLimited as refusal:
        g.retry_after = refusal.retry_after  # a page may answer the refusal itself
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
