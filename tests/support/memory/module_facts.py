"""What a change of code asks a database in memory for, besides its modules."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oduflow.domain.module_change import INSTALLED

if TYPE_CHECKING:
    from tests.support.memory.postgres import Database, MemoryPostgres


class ModuleFacts:
    """A part of `postgres.MemoryTenant`."""

    _postgres: "MemoryPostgres"
    _database: str

    def _odoo(self) -> "Database":
        raise AssertionError("the database is the tenant's")

    def installed_dependents(self, names: Iterable[str]) -> frozenset[str]:
        found = self._odoo()
        wanted, reached = frozenset(names), set(names)
        for _ in found.depends:
            reached |= {
                name
                for name, needed in found.depends.items()
                if reached & {*needed} and (found.modules or {}).get(name) in INSTALLED
            }
        return frozenset(reached) - wanted

    def modules_with_demo(self) -> frozenset[str]:
        self._odoo()
        return frozenset()

    def active_languages(self) -> frozenset[str]:
        self._odoo()
        return frozenset({"en_US"})

    def signal_caches(self) -> bool:
        self._postgres.change(self._database, signals=self._odoo().signals + 1)
        return True
