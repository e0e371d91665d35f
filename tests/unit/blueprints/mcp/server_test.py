"""The server as the SDK sees it, and its list of tools kept ready."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from oduflow.blueprints.mcp.exchange import Caller
from oduflow.blueprints.mcp.scope import User
from oduflow.blueprints.mcp.server import ListCache, make_server
from oduflow.blueprints.mcp.tools import Tools
from oduflow.blueprints.wait_limits import WaitKind, WaitLimiter
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.kernel.call import Origin
from oduflow.kernel.registry import Registry
from tests.support.fakes import make_world
from tests.support.things import THINGS

EVERYBODY = Actor("1", ActorKind.TOKEN, "auth_token")
READER = replace(EVERYBODY, tiers=frozenset({Tier.READ}))


def test_its_name_is_stable_and_it_makes_no_spans() -> None:
    server = make_server(make_world().runner)

    assert (server.name, server.title) == ("oduflow", "Oduflow")
    assert [type(one) for one in server.middleware] == [ListCache]


def test_a_call_looks_its_schema_up_instead_of_listing_every_tool() -> None:
    lookup = make_server(make_world().runner).get_tool_input_schema

    assert lookup is not None
    assert list((lookup("get_thing") or {})["properties"]) == ["name"]
    assert lookup("no_such_tool") is None


class Sdk:
    """CredentialCheck for the rest of the SDK; counts how often it made a list."""

    def __init__(self, **more: int) -> None:
        self.made = 0
        self.cache = ListCache(Tools(Registry(THINGS)), **more)

    def ask(
        self,
        actor: Actor = EVERYBODY,
        version: str = "2025-11-25",
        method: str = "tools/list",
        **params: Any,
    ) -> Any:
        caller = Caller(actor, Origin("mcp"), WaitLimiter().permit(actor, WaitKind.CALL))
        context = SimpleNamespace(
            method=method,
            protocol_version=version,
            params=params,
            request=SimpleNamespace(scope={"user": User(caller)}),
        )
        # Nothing in it waits, so no event loop (and no socket of one) is needed.
        with pytest.raises(StopIteration) as ended:
            self.cache(cast("Any", context), self._next).send(None)
        return ended.value.value

    async def _next(self, _context: Any) -> dict[str, Any]:
        self.made += 1
        return {"made": self.made}


def test_a_list_is_made_once() -> None:
    sdk = Sdk()

    assert sdk.ask() == sdk.ask() == sdk.ask(replace(EVERYBODY, team="2")) == {"made": 1}


def test_lists_that_were_not_asked_for_longest_are_dropped() -> None:
    sdk = Sdk(most=2)

    assert [sdk.ask(each)["made"] for each in (EVERYBODY, READER, EVERYBODY)] == [1, 2, 1]
    assert sdk.ask(version="2025-06-18") == {"made": 3}
    assert sdk.ask() == {"made": 1}
    assert sdk.ask(READER) == {"made": 4}


def test_each_protocol_version_and_each_set_of_permissions_has_its_own() -> None:
    sdk = Sdk()

    assert sdk.ask() == {"made": 1}
    assert sdk.ask(READER) == {"made": 2}
    assert sdk.ask(version="2025-06-18") == {"made": 3}
    assert sdk.ask() == {"made": 1}


def test_other_requests_and_other_pages_are_the_sdks() -> None:
    sdk = Sdk()
    sdk.ask()

    assert sdk.ask(cursor="2") == {"made": 2}
    assert sdk.ask(method="ping") == {"made": 3}


def test_a_malformed_request_is_refused_although_the_list_is_ready() -> None:
    sdk = Sdk()
    sdk.ask()

    with pytest.raises(ValidationError):
        sdk.ask(_meta="nonsense")
