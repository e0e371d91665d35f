"""The registry of all operations, found by import."""

import importlib
import pkgutil
from collections.abc import Container, Iterable, Iterator, Mapping
from difflib import get_close_matches

from oduflow.domain.errors import NotFound
from oduflow.domain.masking import redact
from oduflow.kernel.operation import Effect, Operation, declared_in

SAME_VERB = 0.8  # similarity from which a verb is a misspelling of another


class DuplicateOperation(TypeError):
    """Two operations share a name or a REST route; raised at start."""


class Registry:
    """The operations by name, in alphabetical order."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_name: dict[str, Operation] = {}
        routes: dict[tuple[str, str], str] = {}
        for operation in sorted(operations, key=lambda found: found.name):
            route = (operation.method, operation.path)
            if operation.name in self._by_name or route in routes:
                raise DuplicateOperation(f"{operation.name} ({' '.join(route)}) is declared twice")
            self._by_name[operation.name] = operation
            routes[route] = operation.name

    @classmethod
    def discover(cls, package: str) -> "Registry":
        """Import every module below `package` and collect the declared operations."""
        root = importlib.import_module(package)
        modules = [
            importlib.import_module(found.name)
            for found in pkgutil.walk_packages(root.__path__, f"{package}.")
        ]
        return cls(operation for module in modules for operation in declared_in(module))

    def __iter__(self) -> Iterator[Operation]:
        """Iterate over the operations, sorted by name."""
        return iter(self._by_name.values())

    def __len__(self) -> int:
        """Count the operations."""
        return len(self._by_name)

    def cancellable(self, name: str) -> bool:
        """Whether jobs of that operation can be cancelled; true for an unknown operation."""
        found = self._by_name.get(name)
        return found is None or found.cancellable

    def get(self, name: str) -> Operation:
        """Return the operation of that name.

        Raises:
            NotFound: there is none; the hint names the closest, a destructive one only for a name
                with its verb.
        """
        found = self._by_name.get(name)
        if found is None:
            close = closest_operation(name, {each.name: each.effect for each in self})
            hint = f"Did you mean “{close}”?" if close else "`oduflow tools` lists them all."
            raise NotFound(f"There is no operation “{redact(name)}”.", hint)
        return found


def closest_operation(
    name: str, effects: Mapping[str, Effect], offered: Container[str] | None = None
) -> str:
    """Return the operation that a misspelled name means, empty if none is close.

    A name with the verb of a destructive operation means one with that verb, any other name none
    that destroys, and one with an unknown verb none that changes anything: a mistake in one call
    must not suggest a call that does the opposite, such as a creation for `remove_thing`.

    Args:
        name: as it was typed.
        effects: the operations that exist.
        offered: those that may be suggested; None for all.
    """
    typed = name.partition("_")[0]

    def has_its_verb(operation: str) -> bool:
        return bool(get_close_matches(typed, [operation.partition("_")[0]], cutoff=SAME_VERB))

    alike = [each for each in effects if has_its_verb(each)]
    if not any(effects[each] is Effect.DESTROY for each in alike):
        meant = {Effect.READ, Effect.WRITE} if alike else {Effect.READ}
        alike = [each for each in effects if effects[each] in meant]
    close = get_close_matches(name, alike, n=1)
    return close[0] if close and (offered is None or close[0] in offered) else ""
