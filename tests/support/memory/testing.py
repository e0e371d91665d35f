"""What the script that runs tests prints, in memory (`adapters/odoo/inside/run_tests.py`)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.memory.engine import Run

PLACE = {"file": "/mnt/repo/addons/sale/tests/test_order.py", "line": 12}


def failed(
    kind: str = "failed", message: str = "1 != 2", *, type_: str = "AssertionError"
) -> dict[str, Any]:
    """Return a problem of a test."""
    return {"kind": kind, "type": type_, "message": message, "trace": "Traceback x", **PLACE}


@dataclass
class Testing:
    """How the next tests go, by the method's name, each of the class TestIt of its module.

    Attributes:
        outcomes: method to outcome, or to what kept the test from its end: `hangs`, `never`.
        problems: of classes and modules.
        lines: what else is printed.
        odoo: Odoo's own counts, where they are other than those of the outcomes.
        ends: whether the script comes to its end.
        exit_code: how the container ends; None hangs.
        chain: the exception with which Odoo does not load.
        missing: fields without a column.
        unloaded: modules that Odoo leaves out.
        twice: a method that runs twice.
        bare: modules without a test.
        asked: what the container was asked for.
        passwords: the configurations that it had.
    """

    __test__ = False  # pytest collects classes of such names

    outcomes: dict[str, str] = field(default_factory=lambda: {"test_one": "passed"})
    problems: list[dict[str, Any]] = field(default_factory=list)
    lines: tuple[str, ...] = ()
    odoo: dict[str, Any] = field(default_factory=dict)
    ends: bool = True
    exit_code: int | None = 0
    chain: tuple[dict[str, Any], ...] = ()
    missing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unloaded: tuple[str, ...] = ()
    twice: str = ""
    bare: set[str] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    def run(self, request: Path, configuration: Path) -> Run:
        """Print the records of the tests that the file asks for."""
        asked = json.loads(request.read_text())
        self.asked.append(asked)
        self.passwords.append(configuration.read_text())
        names = {
            f"odoo.addons.{module}.tests.test_it.TestIt.{method}": (module, method, outcome)
            for module in asked["modules"]
            for method, outcome in self.outcomes.items()
            if not self.chain and module not in {*self.unloaded, *self.bare}
        }
        if asked["only"] is not None:
            names = {name: it for name, it in names.items() if name in asked["only"]}
        planned = [[name, it[0], f"/{it[0]}:TestIt.{it[1]}"] for name, it in names.items()]
        records: list[dict[str, Any]] = [{"planned": planned}]
        records += [{"problem": each} for each in self.problems]
        ended = []
        for name, (_, _, outcome) in names.items():
            if outcome != "never":
                records.append({"begin": name})
            if outcome == "hangs":
                break
            if outcome != "never":
                ended.append(outcome)
                records.append({"end": self._end(name, outcome)})
            if outcome != "never" and name.rpartition(".")[2] == self.twice:
                ended.append(outcome)
                records += [{"begin": name}, {"end": self._end(name, outcome)}]
        if self.ends:
            records.append({"done": self._done(ended)})
        return Run((*self.lines, *(_line(asked["mark"], each) for each in records)), self.exit_code)

    def _end(self, name: str, outcome: str) -> dict[str, Any]:
        kinds = {"failed": "failed", "error": "error"}
        problems = [failed(kinds[outcome])] if outcome in kinds else []
        reason = "Chrome executable not found" if outcome == "skipped" else ""
        return {
            "id": name,
            "seconds": 0.25,
            "outcome": outcome,
            "reason": reason,
            "problems": problems,
        }

    def _done(self, ended: list[str]) -> dict[str, Any]:
        errors = sum(each["kind"] == "error" for each in self.problems) + ended.count("error")
        counts = {"failed": ended.count("failed"), "errors": errors, "tests": len(ended)}
        text = "{failed} failed, {errors} error(s) of {tests} tests".format(**counts)
        odoo = {**counts, "text": text, **self.odoo}
        return {
            "chain": list(self.chain),
            "missing": [[name, list(of)] for name, of in self.missing],
            "unloaded": list(self.unloaded),
            "odoo": None if self.chain else odoo,
        }


def _line(mark: str, record: dict[str, Any]) -> str:
    return f"{mark}.{json.dumps(record)}"
