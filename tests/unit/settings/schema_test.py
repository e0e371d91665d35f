from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Unit
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from oduflow.settings import ServerSettings, parse
from oduflow.settings.schema import EMPTY_MEANS_DEFAULT, ListOf, allowed_text, keys_of
from oduflow.settings.values import Email, Port


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (bool, "true or false"),
        (Literal["port", "traefik"], 'one of "port", "traefik"'),
        (Port, "a whole number from 1 to 65535"),
        (Annotated[int, Ge(0), Unit("hours")], "a whole number of 0 or more (hours)"),
        (Email, "a mail address, or empty"),
        (ListOf[Port], "a list, each a whole number from 1 to 65535"),
    ],
)
def test_the_allowed_values_are_named_in_words(type_: Any, words: str):
    assert allowed_text(FieldInfo.from_annotation(type_)) == words


def test_empty_means_the_default_where_a_key_says_so():
    defaults = parse("").server
    lines = [
        f"{name} = {'[]' if isinstance(getattr(defaults, name), tuple) else repr('')}"
        for name, field in keys_of(ServerSettings).items()
        if EMPTY_MEANS_DEFAULT in field.metadata
    ]
    assert len(lines) == 5
    assert parse("\n".join(["[server]", *lines])).server == defaults


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        parse("").server.port = 1
