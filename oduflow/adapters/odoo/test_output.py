"""The command that runs tests, what it reads, and the records among the lines that it prints."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oduflow.adapters.odoo.commands import OdooCommand, script
from oduflow.domain.test_choice import ChosenTests

_MARK = "oduflow-tests-"
MAX_RECORD = 4 << 20  # characters; tests may print lines that look like ours


def run_tests(request: str) -> OdooCommand:
    """Run the tests that a file asks for, which is mounted at `request`."""
    return script("run_tests.py", request)


def request_text(chosen: ChosenTests, own: tuple[str, ...], mark: str) -> str:
    """Return the content of that file.

    Args:
        chosen: which tests.
        own: the folders in the container that hold repositories.
        mark: what begins the lines of records.
    """
    asked = {
        "tags": chosen.tags,
        "modules": chosen.modules,
        "only": chosen.only,
        "own": own,
        "mark": mark,
    }
    return json.dumps(asked)


def new_mark() -> str:
    """Return what begins the lines of one run's records.

    It keeps lines that tests print by chance apart. Tests that want to can lie about themselves.
    """
    return f"{_MARK}{secrets.token_hex(8)}:"


@dataclass(slots=True)
class RecordReader:
    """Reads records from the lines of a container's output.

    Attributes:
        mark: what begins their lines.
        most: characters of a record.
    """

    mark: str
    most: int = MAX_RECORD
    _text: list[str] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)

    def is_part(self, line: str) -> bool:
        """Whether a line is of a record, and not of a log."""
        return line.startswith(self.mark)

    def read(self, line: str) -> Mapping[str, Any] | None:
        """Take one line; return the record that ends with it, if one does."""
        sign, piece = line[len(self.mark) : len(self.mark) + 1], line[len(self.mark) + 1 :]
        if self._size + len(piece) <= self.most:
            self._text.append(piece)
            self._size += len(piece)
        if sign == "+":
            return None
        text = "".join(self._text)
        self._text, self._size = [], 0
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None
