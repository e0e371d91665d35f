"""Leave out of an answer the suggested calls that its caller may not make.

A grant that only reads would otherwise be told to call what it is refused, and what its list of
tools does not even name.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from oduflow.domain.access import Actor, Tier
from oduflow.domain.next_call import Next
from oduflow.kernel.registry import Registry

M = TypeVar("M", bound=BaseModel)
MayCall = Callable[[Next], bool]
_EVERY_TIER = frozenset(Tier)


def every_call(_step: Next) -> bool:
    """Leave nothing out."""
    return True


def callable_by(actor: Actor, registry: Registry) -> MayCall:
    """Return whether the actor may make a suggested call."""
    if actor.environments is None and actor.tiers >= _EVERY_TIER:
        return every_call
    refused = {
        operation.name
        for operation in registry
        if not (actor.may(operation.permission) and actor.allows_scopes(operation.scopes))
    }
    return lambda step: step.operation not in refused


def offering(model: M, may_call: MayCall) -> M:
    """Return the model without the calls that may not be made, also in the models within it."""
    if may_call is every_call:
        return model
    changed = {
        name: kept
        for name in type(model).model_fields
        if (kept := _kept(value := getattr(model, name), may_call)) is not value
    }
    return model.model_copy(update=changed) if changed else model


def _kept(value: Any, may_call: MayCall) -> Any:
    if isinstance(value, BaseModel):
        return offering(value, may_call)
    if not isinstance(value, tuple):
        return value
    kept = tuple(
        _kept(each, may_call) for each in value if not isinstance(each, Next) or may_call(each)
    )
    same = len(kept) == len(value) and all(map(lambda a, b: a is b, kept, value))
    return value if same else kept
