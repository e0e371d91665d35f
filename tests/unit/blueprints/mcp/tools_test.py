"""Operations as tools."""

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import types

from oduflow.blueprints.mcp.tools import Tools, tool_of
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.kernel.operation import Operation, Profile
from oduflow.kernel.registry import Registry
from tests.support.things import THINGS

EVERYBODY = Actor("1", ActorKind.TOKEN, "auth_token")
READER = replace(EVERYBODY, tiers=frozenset({Tier.READ}))
PRODUCT = Registry.discover("oduflow.operations")
CODING_BYTES, CODING_TOOLS = 9_500, 12
BUDGET_BYTES, BUDGET_TOOLS = 24_000, 34


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


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("create_thing", "Create thing"),
        ("forget_github_login", "Forget GitHub login"),
        ("setup_repo_auth", "Set up repository credential"),
    ],
)
def test_a_tool_is_titled_by_its_name_in_words(name: str, title: str) -> None:
    assert tool_of(replace(_named("create_thing"), name=name)).title == title


def test_a_sentence_of_a_description_has_no_line_break() -> None:
    for operation in PRODUCT:
        for paragraph in operation.description.split("\n\n"):
            assert "\n" not in paragraph, operation.name


def test_each_view_is_described_once_by_a_tool_that_reads_it() -> None:
    tools = Tools(PRODUCT)
    listed = {tool.name: tool for tool in tools.listed(EVERYBODY)}
    data = {
        name: (tool.output_schema or {}).get("properties", {}).get("data", {})
        for name, tool in listed.items()
    }

    assert data["get_environment"]["properties"]["url"] == {"type": ["string", "null"]}
    assert data["create_environment"] == data["stop_environment"] == {}
    for name, schema in data.items():
        fields = schema.get("properties", {})
        assert all(field.get("type") for field in fields.values()), name


@pytest.mark.parametrize("environments", [None, frozenset({"a"})])
@pytest.mark.parametrize("tiers", [[*Tier], [Tier.READ], [Tier.WRITE], [Tier.DESTROY]])
def test_every_view_of_a_grants_list_is_described_once(environments, tiers) -> None:
    actor = replace(EVERYBODY, tiers=frozenset(tiers), environments=environments)
    tools = Tools(PRODUCT)
    described = [
        PRODUCT.get(tool.name).result
        for tool in tools.listed(actor)
        if (tool.output_schema or {}).get("properties")
    ]

    views = {PRODUCT.get(name).result for name in tools.visible(actor)}
    assert len(described) == len(set(described))
    assert set(described) == {view for view in views if view.model_fields}


def test_every_answer_of_the_product_has_the_form_of_its_tools_schema() -> None:
    for operation in PRODUCT:
        view = operation.result.model_json_schema()
        typed = (tool_of(operation).output_schema or {}).get("properties", {}).get("data", {})
        assert typed.get("properties", {}).keys() == view.get("properties", {}).keys()


def test_tools_are_listed_in_alphabetical_order_for_any_order_of_import() -> None:
    forwards, backwards = (Tools(Registry(order)) for order in (THINGS, THINGS[::-1]))

    assert list(forwards.visible(EVERYBODY)) == sorted(found.name for found in THINGS)
    assert forwards.visible(EVERYBODY) == backwards.visible(EVERYBODY)


def test_an_actor_sees_only_what_it_may_call() -> None:
    assert Tools(Registry(THINGS)).visible(READER) == ("get_thing", "list_things")


def test_the_list_of_the_products_tools_fits_into_its_budget() -> None:
    """An agent reads the whole list before its first call; a further tool may be as long."""
    tools = Tools(PRODUCT)
    listed = types.ListToolsResult(tools=tools.listed(EVERYBODY))

    size = len(listed.model_dump_json(by_alias=True, exclude_none=True).encode())
    assert size <= BUDGET_BYTES * max(1, len(listed.tools) / BUDGET_TOOLS), size


def test_the_profile_of_coding_agents_is_a_dozen_tools_that_work_on_environments() -> None:
    tools = Tools(PRODUCT)
    names = tools.visible(EVERYBODY, Profile.CODING)
    listed = types.ListToolsResult(tools=tools.listed(EVERYBODY, Profile.CODING))

    assert len(names) <= CODING_TOOLS
    assert {"create_environment", "run_tests", "delete_environment"} <= set(names)
    nouns = {PRODUCT.get(name).noun for name in names}
    assert nouns == {"environments", "jobs", "outputs", "test_runs"}
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True).encode()) <= CODING_BYTES


def test_a_profile_shows_no_actor_more_than_it_may_call() -> None:
    tools = Tools(PRODUCT)

    assert set(tools.visible(READER, Profile.CODING)) < set(tools.visible(READER))


def test_a_description_that_only_repeats_a_fields_name_is_left_out() -> None:
    listed = tool_of(PRODUCT.get("get_environment")).input_schema["properties"]
    assert listed["name"] == {"type": "string"}


def test_a_moment_may_be_a_duration_so_its_schema_does_not_ask_for_a_date() -> None:
    since = tool_of(PRODUCT.get("read_audit")).input_schema["properties"]["since"]
    assert since.keys() == {"type", "description"}
