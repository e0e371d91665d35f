"""The registry of all operations, found by import."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
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
            close = get_close_matches(name, self._suggestions(name), n=1)
            hint = f"Did you mean “{close[0]}”?" if close else "`oduflow tools` lists them all."
            raise NotFound(f"There is no operation “{redact(name)}”.", hint)
        return found

    def _suggestions(self, name: str) -> list[str]:
        typed = name.partition("_")[0]
        return [
            found.name
            for found in self
            if found.effect is not Effect.DESTROY
            or get_close_matches(typed, [found.name.partition("_")[0]], cutoff=SAME_VERB)
        ]
