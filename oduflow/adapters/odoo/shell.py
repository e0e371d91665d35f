"""The input and the output of `inside/shell.py`."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

_MARK = "oduflow-shell-"


@dataclass(frozen=True, slots=True)
class ShellRequest:
    """What the script reads, and the mark that begins its own lines.

    The mark keeps lines that code prints by chance apart. Code that wants to can lie about itself.
    """

    stdin: bytes
    mark: str

    @classmethod
    def of(cls, code: str, memory: int) -> "ShellRequest":
        """Return the request for code that may allocate `memory` bytes."""
        mark = f"{_MARK}{secrets.token_hex(8)}:"
        given = {"code": code, "mark": mark, "memory": memory}
        return cls(json.dumps(given).encode(), mark)


@dataclass(frozen=True, slots=True)
class ShellReport:
    """What the script said at its end.

    Attributes:
        ok: whether the code ended without an exception.
        value: the value of its last expression; None without one.
        error: the exception in one line.
        traceback: the code's own frames, and those below them.
        committed: whether a transaction that had written was committed.
        rolled_back: whether the last one had written, and was rolled back.
        signalled: whether the serving Odoo was told to read its caches again.
    """

    ok: bool
    value: str | None = None
    error: str = ""
    traceback: str = ""
    committed: bool = False
    rolled_back: bool = False
    signalled: bool = False


@dataclass(frozen=True, slots=True)
class ShellOutput:
    """What the script's process printed.

    Attributes:
        loaded: whether Odoo had loaded the database, so that the code began.
        report: None if the process ended without one.
        printed: what Odoo and the code printed.
    """

    loaded: bool
    report: ShellReport | None
    printed: str

    @classmethod
    def of(cls, output: str, mark: str) -> "ShellOutput":
        """Tell the script's records from what the code printed."""
        found: ShellReport | None = None
        loaded, printed = False, list[str]()
        # The script begins a line for each record, in case the code has not ended its last one.
        for line in output.replace(f"\n\n{mark}", f"\n{mark}").split("\n"):
            if line.startswith(mark):
                loaded, found = True, _read(line.removeprefix(mark)) or found
            else:
                printed.append(line)
        return cls(loaded, found, "\n".join(printed).strip("\n"))


def _read(text: str) -> ShellReport | None:
    try:
        said: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(said, dict) or "ok" not in said:
        return None
    value = said.get("value")
    return ShellReport(
        ok=said["ok"] is True,
        value=None if value is None else str(value),
        error=str(said.get("error", "")),
        traceback=str(said.get("traceback", "")),
        committed=said.get("committed") is True,
        rolled_back=said.get("rolled_back") is True,
        signalled=said.get("signalled") is True,
    )
