"""Which fields of a model take several values."""

import typing
from types import UnionType

from pydantic import BaseModel


def array_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields that a query gives by repeating the key."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _is_array(field.annotation))


def _is_array(annotation: object) -> bool:
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, UnionType}:
        return any(_is_array(member) for member in typing.get_args(annotation))
    return origin in {tuple, list, set, frozenset}
