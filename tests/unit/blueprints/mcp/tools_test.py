"""Operations as tools."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import types

from oduflow.blueprints.mcp.tools import Tools, tool_of
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from tests.support.things import THINGS

EVERYBODY = Actor("1", ActorKind.TOKEN, "auth_token")
READER = replace(EVERYBODY, tiers=frozenset({Tier.READ}))
BUDGET_BYTES = 45_000
TOOLS_OF_A_TEAM = 60


def _named(name: str) -> Operation:
    [found] = [operation for operation in THINGS if operation.name == name]
    return found


@pytest.mark.parametrize("operation", THINGS, ids=lambda operation: operation.name)
def test_every_operation_is_a_tool_with_two_schemas_and_four_hints(operation: Operation) -> None:
    tool = tool_of(operation)

    Draft202012Validator.check_schema(tool.input_schema)
    assert tool.output_schema is not None
    Draft202012Validator.check_schema(tool.output_schema)
    assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
    assert tool.description == operation.description
    assert tool.annotations is not None
    hints = tool.annotations.model_dump(exclude={"title"})
    assert all(isinstance(hint, bool) for hint in hints.values()), hints


def test_the_hints_follow_from_the_declaration() -> None:
    hints = {
        name: tool_of(_named(name)).annotations
        for name in ("get_thing", "create_thing", "delete_thing")
    }

    assert hints["get_thing"] == types.ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    assert hints["create_thing"] == types.ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    assert hints["delete_thing"] == types.ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    )


def test_an_operation_that_is_neither_idempotent_nor_closed_says_so() -> None:
    tool = tool_of(replace(_named("create_thing"), idempotent=False, open_world=True))

    assert tool.annotations is not None
    assert tool.annotations.idempotent_hint is False
    assert tool.annotations.open_world_hint is True


def test_a_tool_is_titled_by_its_name_in_words() -> None:
    assert tool_of(_named("create_thing")).title == "Create thing"


def test_tools_are_listed_in_alphabetical_order_whatever_the_order_of_import() -> None:
    forwards, backwards = (Tools(Registry(order)) for order in (THINGS, THINGS[::-1]))

    assert list(forwards.visible(EVERYBODY)) == sorted(found.name for found in THINGS)
    assert forwards.visible(EVERYBODY) == backwards.visible(EVERYBODY)


def test_an_actor_sees_only_what_it_may_call() -> None:
    assert Tools(Registry(THINGS)).visible(READER) == ("get_thing", "list_things")


def test_sixty_tools_fit_into_their_budget() -> None:
    few = [_named("create_thing"), _named("list_things"), _named("get_thing"), _named("fail_thing")]
    many = [
        replace(few[i % 4], name=f"{few[i % 4].name}_{i}", path=f"/things/{i}")
        for i in range(TOOLS_OF_A_TEAM)
    ]
    tools = Tools(Registry(many))

    listed = types.ListToolsResult(tools=tools.listed(tools.visible(EVERYBODY)))

    dumped = listed.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert len(dumped["tools"]) == TOOLS_OF_A_TEAM
    assert len(json.dumps(dumped, separators=(",", ":"))) <= BUDGET_BYTES
