"""The output of Odoo's container, of which the last part is kept."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from oduflow.adapters.odoo.module_change import without_verdict
from oduflow.domain.clock import now

MAX_CHARACTERS = 4 << 20
_SIGNALED = "Registry changed, signaling through the database"  # all versions
_LOADING = re.compile(r" odoo\.modules\.loading: (Loading module \w{1,128} \(\d+/\d+\))")
_FINISHED = re.compile(r" odoo\.modules\.loading: Module (\w{1,128}) loaded in ")


@dataclass(slots=True)
class OdooOutput:
    """The last lines, at most MAX_CHARACTERS of them.

    Attributes:
        lines: the lines.
        tell: gets the progress in Odoo's words.
        signaled: when Odoo logged last that it tells the other processes, by then it has committed.
    """

    lines: deque[str] = field(default_factory=deque)
    tell: Callable[[str], None] = lambda _line: None
    signaled: datetime = field(default_factory=now)
    _size: int = 0

    def add(self, line: str) -> None:
        """Add a line, and drop the first ones that are too many."""
        self.lines.append(line)
        self._size += len(line) + 1
        while self._size > MAX_CHARACTERS:
            self._size -= len(self.lines.popleft()) + 1
        if _SIGNALED in line:
            self.signaled = now()
        if found := _LOADING.search(line):
            self.tell(found[1])

    @property
    def text(self) -> str:
        """Odoo's log, without the verdict."""
        return "\n".join(without_verdict(self.lines))

    @property
    def finished(self) -> tuple[str, ...]:
        """The modules of which Odoo logged that their data are loaded."""
        found = (_FINISHED.search(line) for line in self.lines)
        return tuple(dict.fromkeys(match[1] for match in found if match))
