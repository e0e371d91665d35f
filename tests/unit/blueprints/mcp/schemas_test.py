"""Schemas that say everything and nothing twice."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import Field

from oduflow.blueprints.mcp.tools import Shape, input_schema, output_schema
from oduflow.domain.outcome import Envelope, Model, Nothing, Status


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Model):
    """A part."""

    weight: Annotated[int, Field(description="Its weight.")]


class EveryField(Model):
    """Every kind of field."""

    title: Annotated[str, Field(max_length=9, description="A field that is called title.")]
    colour: Annotated[Colour | None, Field(description="Its colour.")] = None
    level: Annotated[Literal["low", "high"] | None, Field(description="A choice.")] = None
    parts: Annotated[tuple[Part, ...], Field(description="Its parts.")] = ()
    either: Annotated[int | str, Field(description="One or the other.")] = 5
    nullable: Annotated[int | None, Field(description="Must be said, may be null.")]


class View(Model):
    """What comes out."""

    name: str
    url: str | None
    note: str | None = None
    parts: tuple["ViewPart", ...] = ()


class ViewPart(Model):
    """A part of it."""

    size: int | None = None


def test_an_input_schema_keeps_what_a_caller_must_know() -> None:
    assert input_schema(EveryField) == {
        "type": "object",
        "required": ["title", "nullable"],
        "properties": {
            "title": {"type": "string", "description": "A field that is called title."},
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "level": {"type": "string", "enum": ["low", "high"], "description": "A choice."},
            "parts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["weight"],
                    "properties": {"weight": {"type": "integer"}},
                },
            },
            "either": {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "default": 5,
                "description": "One or the other.",
            },
            "nullable": {
                "anyOf": [{"type": "integer"}, {"type": "null"}],
                "description": "Must be said, may be null.",
            },
        },
    }


@pytest.mark.parametrize("model", [EveryField, View, Envelope[View]])
def test_an_input_schema_is_a_json_schema_without_references(model: type[Model]) -> None:
    schema = input_schema(model)

    Draft202012Validator.check_schema(schema)
    assert "$ref" not in repr(schema)


def test_a_tool_without_parameters_has_an_empty_object_of_them() -> None:
    """Some models' providers refuse the whole list otherwise."""

    class Empty(Model):
        pass

    assert input_schema(Empty) == {"type": "object", "properties": {}}


def test_an_output_schema_gives_the_type_of_each_key_of_the_data() -> None:
    assert output_schema(Envelope[View]) == {
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "url": {"type": ["string", "null"]},
                    "note": {"type": "string"},
                    "parts": {"type": "array"},
                },
            }
        },
        "additionalProperties": True,
    }
    assert output_schema(Envelope[Nothing]) == {"type": "object"}


def test_nulls_are_left_out_unless_the_schema_requires_the_field() -> None:
    view = View(name="a", url=None, parts=(ViewPart(), ViewPart(size=1)))
    answer = Envelope[View](status=Status.OK, summary="fine", data=view)

    assert Shape(Envelope[View]).lean(answer) == {
        "status": "ok",
        "summary": "fine",
        "data": {"name": "a", "url": None, "parts": [{}, {"size": 1}]},
        "warnings": [],
        "next": [],
    }


def test_an_answer_that_went_through_the_store_is_as_lean() -> None:
    view = View(name="a", url=None, parts=(ViewPart(),))
    answer = Envelope[View](status=Status.OK, summary="fine", data=view)
    stored = Envelope[Any].model_validate(answer.model_dump(mode="json"))
    shape = Shape(Envelope[View])

    assert shape.lean(stored) == shape.lean(answer)
