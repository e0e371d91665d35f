"""What the SDK is told of a request."""

from dataclasses import replace

from mcp.server.auth.middleware.bearer_auth import authorization_context
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from oduflow.blueprints.mcp.exchange import Caller
from oduflow.blueprints.mcp.scope import User, http_scope
from oduflow.blueprints.wait_limits import WaitKind, WaitLimiter
from oduflow.domain.access import Actor, ActorKind
from oduflow.kernel.call import Origin


def _caller(team: str, subject: str, kind: ActorKind = ActorKind.OAUTH) -> Caller:
    actor = Actor(team, kind, subject)
    return Caller(actor, Origin("mcp", "127.0.0.1"), WaitLimiter().permit(actor, WaitKind.CALL))


def _principal(caller: Caller) -> tuple[object, ...]:
    return tuple(authorization_context(User(caller)).values())


def _narrowed(caller: Caller) -> list[Caller]:
    """Return the same person, kept to an environment, at its path, and as a grant of that name."""
    narrow = caller.actor.restricted_to("e1")
    reborn = replace(caller.actor, subject_id="another")
    return [
        Caller(narrow, caller.origin, caller.permit),
        Caller(narrow, caller.origin, caller.permit, "shop"),
        Caller(reborn, caller.origin, caller.permit),
    ]


def test_the_mcp_scope_holds_the_request_and_its_actor() -> None:
    caller = _caller("1", "ann")
    headers = Headers({"Mcp-Method": "tools/call"})
    builder = EnvironBuilder("/mcp", method="POST", query_string="a=1", json={}, headers=headers)

    scope = http_scope(builder.get_environ(), caller)

    assert (scope["method"], scope["path"], scope["query_string"]) == ("POST", "/mcp", b"a=1")
    assert (b"mcp-method", b"tools/call") in scope["headers"]
    assert (b"content-type", b"application/json") in scope["headers"]
    assert scope["user"].caller is caller


def test_credentials_go_no_further() -> None:
    headers = Headers({"Authorization": "Bearer s3cret", "Cookie": "s3cret"})
    builder = EnvironBuilder("/mcp", headers=headers)

    assert "s3cret" not in repr(http_scope(builder.get_environ(), _caller("1", "ann")))


def test_a_session_belongs_to_one_team_one_person_and_one_kind_of_proof() -> None:
    callers = [
        _caller("1", "ann"),
        _caller("1", "bob"),
        _caller("2", "ann"),
        _caller("1", "ann", ActorKind.GRANT),
    ]
    callers += _narrowed(_caller("1", "ann"))

    assert len({_principal(caller) for caller in callers}) == len(callers)
    assert _principal(callers[0]) == _principal(_caller("1", "ann"))
