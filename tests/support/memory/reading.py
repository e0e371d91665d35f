"""What the reader of a database in memory finds: modules alone."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.comparison.records import Content, Index, Key, RecordDigest, Value
from oduflow.domain.comparison.rows import RowDigest


@dataclass(frozen=True)
class MemoryReader:
    """Has the methods of `adapters.postgres.reading.reader.Reader`.

    Attributes:
        modules: their states; None where there is no Odoo.
        may_read: whether the role may read the table of modules.
    """

    modules: Mapping[str, str] | None
    may_read: bool

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        yield

    def index(self, sections: Iterable[DiffSection]) -> Index:
        if DiffSection.MODULES not in sections or self.modules is None:
            return Index()
        if not self.may_read:
            return Index(problems={"ir.module.module": "permission denied"})
        return Index(
            {
                Key("ir.module.module", name): RecordDigest(state)
                for name, state in self.modules.items()
                if state != "uninstalled"
            }
        )

    def contents(self, wanted: Mapping[Key, RecordDigest]) -> dict[Key, Content]:
        return {key: {"state": Value(each.digest, each.digest)} for key, each in wanted.items()}

    def rows(self, is_counted: Callable[[str], bool]) -> Index:
        return Index()

    def row_digests(self, wanted: Collection[str]) -> dict[str, list[RowDigest]]:
        return {}
