"""Parse one value as the configuration does."""

from typing import Any

from pydantic import ValidationError, create_model

from oduflow.settings.schema import Section


def read(type_: Any, value: Any) -> Any:
    example: Any = create_model("Example", __base__=Section, key=(type_, ...))
    return example(key=value).key


def hint_of(error: ValidationError) -> str:
    return str(error.errors()[0]["ctx"]["error"].hint)
