import sys
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from oduflow.blueprints.dashboard.form_fields import (
    FieldKind,
    FormField,
    form_fields,
    problems_of,
    raw_arguments,
)
from oduflow.domain.access import Permission
from oduflow.domain.errors import Invalid, Kind
from oduflow.domain.outcome import Model, Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, declared_in, operation
from oduflow.kernel.registry import Registry
from oduflow.kernel.validation import validate


class AskThing(Model):
    name: Annotated[str, Field(description="Its name.", min_length=2)]
    repo_url: Annotated[str | None, Field(description="Where it comes from.")] = None
    heavy: Annotated[bool, Field(description="Whether it is heavy.")] = True
    size: Annotated[Literal["small", "large"] | None, Field(description="Its size.")] = None
    kind: Annotated[Kind, Field(description="Its kind.")] = Kind.BUSY
    limit: Annotated[int, Field(ge=1, le=9, description="How many.")] = 5
    colours: Annotated[tuple[str, ...], Field(description="Its colours.", max_length=2)] = ()


@operation(permission=Permission.ENVIRONMENT_READ, effect=Effect.READ, rest="GET /asked")
def ask_thing(deps: Any, call: Call, args: AskThing) -> Outcome[Nothing]:
    """Ask for a thing."""
    return Outcome(Nothing(), "Asked.")


[ASK] = declared_in(sys.modules[__name__])
FIELDS = {field.name: field for field in form_fields(ASK)}


def test_fields_are_in_the_order_of_their_declaration():
    assert list(FIELDS) == list(AskThing.model_fields)


def test_a_field_says_everything_that_a_form_shows():
    assert FIELDS["limit"] == FormField(
        name="limit",
        label="Limit",
        help="How many.",
        required=False,
        kind=FieldKind.NUMBER,
        default=5,
        minimum=1,
        maximum=9,
    )


def test_what_has_no_default_is_required():
    assert [name for name, field in FIELDS.items() if field.required] == ["name"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", FieldKind.TEXT),
        ("repo_url", FieldKind.TEXT),
        ("heavy", FieldKind.BOOLEAN),
        ("size", FieldKind.CHOICE),
        ("kind", FieldKind.CHOICE),
        ("limit", FieldKind.NUMBER),
        ("colours", FieldKind.LIST),
    ],
)
def test_a_field_is_filled_in_as_its_type_asks(name, kind):
    assert FIELDS[name].kind is kind


def test_what_may_be_chosen_is_listed():
    assert FIELDS["size"].choices == ("small", "large")
    assert FIELDS["kind"].choices == tuple(sorted(Kind))


def test_labels_are_words():
    assert FIELDS["repo_url"].label == "Repository URL"


def test_every_operation_of_the_product_makes_a_form_whose_help_is_no_repetition():
    for declared in Registry.discover("oduflow.operations"):
        for field in form_fields(declared):
            assert field.label
            assert field.help
            assert field.help.lower() != f"its {field.name}.", declared.name


def test_the_help_of_a_checkbox_says_what_a_tick_does():
    fields = {
        field.name: field.help
        for declared in Registry.discover("oduflow.operations")
        for field in form_fields(declared)
        if field.kind is FieldKind.BOOLEAN
    }

    assert fields["rest"] == "Makes it valid for REST too."
    assert fields["regex"] == "Pattern is a Python regular expression."
    assert [name for name, text in fields.items() if text.startswith("True")] == []


def test_what_is_left_empty_is_left_out():
    assert read(name="", repo_url="  ", colours="", limit="") == {"heavy": False}


def test_text_is_read_as_it_was_typed():
    assert read(name="a b", limit="7")["name"] == "a b"


@pytest.mark.parametrize(
    ("sent", "meant"), [(("true",), True), (("on",), True), ((), False), (("false",), False)]
)
def test_a_box_is_ticked_or_not(sent, meant):
    assert raw_arguments(FIELDS.values(), {"heavy": sent})["heavy"] is meant


@pytest.mark.parametrize(
    "sent", [("red blue",), ("red, blue",), ("red,blue,",), ("red", "blue"), (" red\r\nblue",)]
)
def test_a_list_is_divided_at_commas_and_white_space(sent):
    assert raw_arguments(FIELDS.values(), {"colours": sent})["colours"] == ["red", "blue"]


def test_what_was_read_is_what_the_operation_takes():
    args = validate(ASK, read(name="ab", limit="7", colours="red", size="large", heavy="true"))
    assert args == AskThing(name="ab", limit=7, colours=("red",), size="large")


def test_a_key_that_no_field_has_is_not_read():
    assert "nonsense" not in read(nonsense="1")


def test_a_refusal_says_which_fields_are_to_blame():
    problems = problems_of(refusal(limit="10", size="huge", colours="a b c"))
    assert problems["name"] == "This is required."
    assert problems["limit"] == "Must be at most 9."
    assert set(problems) == {"name", "limit", "size", "colours"}


def test_an_item_of_a_list_that_is_to_blame_is_named():
    wrong = Registry.discover("oduflow.operations").get("create_environment")
    with pytest.raises(Invalid) as refused:
        validate(wrong, {"name": "a", "repo_url": "b", "modules": ["sale", "No!"]})
    assert problems_of(refused.value)["modules"] == (
        "“No!” must be a module's name, of letters, digits and underscores, such as "
        "sale_management."
    )


def test_a_failure_that_names_its_argument_blames_that_field():
    failure = Invalid("No repository.", "Write https://….")
    failure.argument = "repo_url"
    assert problems_of(failure) == {"repo_url": "No repository. Write https://…."}


def test_another_failure_blames_no_field():
    assert problems_of(Invalid("No.")) == {}


def refusal(**sent: str) -> Invalid:
    with pytest.raises(Invalid) as refused:
        validate(ASK, read(**sent))
    return refused.value


def read(**sent: str) -> dict[str, Any]:
    return raw_arguments(FIELDS.values(), {name: (text,) for name, text in sent.items()})
