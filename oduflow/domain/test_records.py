"""What the script in the tests' container tells, record by record; all of it is untrusted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from oduflow.domain.masking import redact
from oduflow.domain.module_change import OdooVerdict
from oduflow.domain.test_result import CaseOutcome, CaseResult, worst_first

MOST_TESTS = 50_000
MOST_NAME = 400  # characters
MOST_MESSAGE = 2_000
MOST_TRACE = 4_000
MOST_UNLOADED = 300
MOST_TEXTS = 8 << 20  # bytes of one run's messages and traces together
LATER_MESSAGE = 200  # characters of the message of a test beyond that, which keeps no trace


@dataclass(frozen=True, slots=True)
class OdooReport:
    """Odoo's own counts: of problems, and of tests that began."""

    failed: int
    errors: int
    tests: int
    text: str


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A test that will run: its module, and the tag that selects it."""

    module: str
    tag: str


@dataclass(slots=True)
class TestRecords:
    """The records of one run so far.

    Attributes:
        checkout: the repository's folder in the container, from which on files are named.
        planned: the tests, by id.
        ended: the results of those that ended, by id; the worst where a test ran several times.
        ends: how often tests ended, as Odoo counts them.
        running: the id of the one that began last and did not end; empty for none.
        others: problems that are of no one test.
        skipped_classes: why no test of a class ran, by the class; of planned tests alone.
        broken_classes: classes of planned tests that could not be prepared.
        problems: how often tests failed and broke as Odoo counts it: parts of tests too.
        verdict: what ended Odoo, and the fields without a column; None without an end.
        odoo: Odoo's own counts.
        unloaded: the modules that were asked for and that Odoo left out.
    """

    __test__ = False  # pytest collects classes of such names

    checkout: str
    planned: dict[str, PlannedCase] = field(default_factory=dict)
    ended: dict[str, CaseResult] = field(default_factory=dict)
    ends: int = 0
    running: str = ""
    others: list[CaseResult] = field(default_factory=list)
    skipped_classes: dict[str, str] = field(default_factory=dict)
    broken_classes: set[str] = field(default_factory=set)
    problems: dict[str, int] = field(default_factory=lambda: {"failed": 0, "error": 0})
    verdict: OdooVerdict | None = None
    odoo: OdooReport | None = None
    unloaded: tuple[str, ...] = ()
    _classes: set[str] = field(default_factory=set, init=False)  # of the planned tests
    _texts: int = field(default=0, init=False)  # bytes of messages and traces so far

    def add(self, record: Mapping[str, Any]) -> None:
        """Add one record; one that is none of ours is left out."""
        readers = {
            "planned": self._plan,
            "begin": self._begin,
            "end": self._end,
            "problem": self._problem,
            "done": self._done,
        }
        for kind, said in record.items():
            if kind in readers:
                try:
                    readers[kind](said)
                except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
                    continue

    @property
    def progress(self) -> str:
        """How far it is: `31 of 120, 2 failed`."""
        bad = sum(1 for each in (*self.ended.values(), *self.others) if each.outcome.is_bad)
        return f"{len(self.ended)} of {len(self.planned)}" + (f", {bad} failed" if bad else "")

    def results(self, reason: str) -> tuple[CaseResult, ...]:
        """Return what became of every planned test, and what is of no one test.

        Args:
            reason: why the run ended before its end, as a sentence; empty where it came to it.
        """
        left_out = (
            CaseResult(
                about=f"odoo.addons.{each}.",
                test=f"/{each}",
                module=each,
                outcome=CaseOutcome.ERROR,
                message="Odoo did not load it.",
            )
            for each in self.unloaded
        )
        return (*left_out, *self.others, *(self._result(id_, reason) for id_ in self.planned))

    def _result(self, id_: str, reason: str) -> CaseResult:
        if id_ in self.ended:
            return self.ended[id_]
        planned, class_ = self.planned[id_], id_.rpartition(".")[0]
        outcome = CaseOutcome.NEVER_RUN
        if id_ == self.running:
            outcome, said = CaseOutcome.ERROR, reason or "Odoo ended while it ran."
        elif class_ in self.skipped_classes:
            outcome, said = CaseOutcome.SKIPPED, self.skipped_classes[class_]
        elif class_ in self.broken_classes:
            said = "Its class could not be prepared."
        else:
            said = reason or "Odoo did not run it."
        return CaseResult(
            id=id_,
            test=planned.tag,
            module=planned.module,
            outcome=outcome,
            message=said[:LATER_MESSAGE],  # the same for many tests
        )

    def _plan(self, said: Any) -> None:
        for id_, module, tag in said:
            if len(self.planned) < MOST_TESTS:
                name = _text(id_, MOST_NAME)
                self.planned[name] = PlannedCase(_text(module, MOST_NAME), _text(tag, MOST_NAME))
                self._classes.add(name.rpartition(".")[0])

    def _begin(self, said: Any) -> None:
        self.running = _text(said, MOST_NAME)

    def _end(self, said: Any) -> None:
        id_ = _text(said["id"], MOST_NAME)
        if id_ not in self.planned:
            return
        self.running = ""
        self.ends += 1
        found = list(said["problems"])
        for each in found:
            self._count(each)
        planned, outcome = self.planned[id_], CaseOutcome(said["outcome"])
        result = CaseResult(
            id=id_,
            test=planned.tag,
            module=planned.module,
            outcome=outcome,
            seconds=_number(said["seconds"]),
            **self._within(
                self._details(found) if found else {"message": _text(said.get("reason", ""))}
            ),
        )
        before = self.ended.get(id_)
        self.ended[id_] = result if before is None else worst_first((before, result))[0]

    def _problem(self, said: Any) -> None:
        class_ = _text(said.get("class", ""), MOST_NAME)
        if said["kind"] == "skipped":
            if class_ in self._classes:
                self.skipped_classes[class_] = _text(said.get("message", ""))
            return
        method, module = _text(said.get("method", ""), 100), _text(said.get("module", ""), 300)
        self._count(said)
        if class_:
            self.broken_classes |= {class_} & self._classes
            module = class_.removeprefix("odoo.addons.").partition(".")[0]
            name = f"/{module}:{class_.rpartition('.')[2]}.{method}"
        else:
            name = f"/{module}" if module else _text(said.get("other", ""), MOST_NAME)
        if len(self.others) < MOST_TESTS:
            about, details = (
                f"{class_ or f'odoo.addons.{module}'}.",
                self._within(self._details([said])),
            )
            error = CaseOutcome.ERROR
            self.others.append(
                CaseResult(about=about, test=name, module=module, outcome=error, **details)
            )

    def _done(self, said: Any) -> None:
        chain = said.get("chain") or ()
        self.verdict = OdooVerdict.read(
            {
                "status": "failed" if chain else "ok",
                "chain": chain,
                "log": (),
                "missing_columns": said.get("missing") or (),
                "seconds": 0,
            }
        )
        names = list(said.get("unloaded") or ())
        self.unloaded = tuple(_text(each, MOST_NAME) for each in names[:MOST_UNLOADED])
        report = said.get("odoo")
        if report is not None:
            failed, errors, tests = (int(report[key]) for key in ("failed", "errors", "tests"))
            self.odoo = OdooReport(failed, errors, tests, _text(report["text"], MOST_NAME))

    def _count(self, said: Any) -> None:
        """Count a problem as Odoo does, which counts no failed import."""
        if said["kind"] in self.problems:
            self.problems[said["kind"]] += 1

    def _within(self, details: dict[str, Any]) -> dict[str, Any]:
        """Return a result's texts, or the beginning of its message once MOST_TEXTS is reached."""
        size = sum(len(details.get(name, "").encode()) for name in ("message", "trace"))
        if self._texts + size > MOST_TEXTS:
            return {**details, "message": details["message"][:LATER_MESSAGE], "trace": ""}
        self._texts += size
        return details

    def _details(self, problems: list[Any]) -> dict[str, Any]:
        """Return the message, the place and the trace of the first problem, and the others."""
        first = problems[0]
        messages, traces = [], []
        for each in problems:
            kind, text = _text(each.get("type", ""), 100), _text(each.get("message", ""))
            sub = _text(each.get("sub", ""), MOST_NAME)
            said = f"{kind}: {text}".strip(": ") if kind else text
            messages.append(f"{sub}: {said}" if sub else said)
            traces.append(_text(each.get("trace", ""), MOST_TRACE))
        file = _text(first.get("file", ""), MOST_NAME)
        return {
            "message": "\n".join(messages)[:MOST_MESSAGE],
            "file": file.removeprefix(f"{self.checkout}/"),
            "line": max(0, int(first.get("line") or 0)),
            "trace": "\n".join(filter(None, traces))[:MOST_TRACE],
        }


def _text(said: Any, most: int = MOST_MESSAGE) -> str:
    # JSON can have halves of surrogate pairs, which no other text can.
    return redact(str(said)[:most].encode("utf-8", "replace").decode())


def _number(said: Any) -> float:
    number = float(said)
    return round(number, 3) if isfinite(number) and number >= 0 else 0.0
