"""Arguments and views of an operation, derived from the types and examples it declares."""

from contextlib import suppress
from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

CANDIDATES: tuple[Any, ...] = (
    *("shop", "a" * 12, "git.example.com", "https://git.example.com/a/b.git", "/web"),
    *(["sale"], 1, (), {}, None),
)


def required_arguments(arguments: type[BaseModel], **known: Any) -> dict[str, Any]:
    """Return a value for each required argument: a known one, its example, or one it accepts."""
    required = {
        name: field for name, field in arguments.model_fields.items() if field.is_required()
    }
    return {name: known.get(name) or sample(field) for name, field in required.items()}


def sample_view(view: type[BaseModel]) -> BaseModel:
    """Return a view with a value in each required field."""
    return view.model_validate(required_arguments(view))


def sample(field: FieldInfo) -> Any:
    """Return a field's first example, or the first candidate that it accepts."""
    if field.examples:
        return field.examples[0]
    kind: Any = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return sample_view(kind)
    model = create_model("OneField", value=(kind, field))
    own = tuple(kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()
    for candidate in (*own, *CANDIDATES):
        with suppress(ValidationError):
            model.model_validate({"value": candidate})
            return candidate
    raise AssertionError(f"add an example to the field, or a candidate that {field} accepts")
