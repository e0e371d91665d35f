from typing import Annotated

from pydantic import BaseModel, Field

from oduflow.blueprints.rest.fields import array_fields


class Everything(BaseModel):
    text: str
    maybe: str | None = None
    several: tuple[str, ...] = ()
    listed: list[int] = []
    described: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    optional: tuple[str, ...] | None = None
    mapped: dict[str, str] = {}


def test_a_query_repeats_the_key_of_exactly_these():
    assert array_fields(Everything) == {"several", "listed", "described", "optional"}
