"""Run the tests of modules, in a throw-away container with a clone of an environment's data.

Arguments: the configuration file, and a file with a JSON object: `tags` are Odoo's own, `modules`
the only modules whose tests are looked for, `only` the ids of the only tests to run or null, `own`
the folders that hold repositories, and `mark` what begins each line of ours. Each record is a JSON
object, in lines of at most 3,000 characters: those that go on have a `+` behind the mark, the last
one a `.`. Records are written as they happen, so that those of a killed process are known:

- `planned`: ids, tags and modules of tests that will run;
- `begin` and `end`: one test, with its outcome, seconds, reason and problems;
- `problem`: of a class, whose tests do not run, or of a module's tests that cannot be imported;
- `done`: Odoo's own counts, why loading failed, fields without a column, modules left out.

It asks the image's Odoo what it has; nothing here depends on a version number.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import logging
import os
import re
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import odoo
import odoo.cli
import odoo.tools
from odoo.modules.registry import Registry
from odoo.service import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PIECE = 3000  # characters; the reader of a container's output cuts longer lines
MOST_MESSAGE = 2000  # characters
MOST_TRACE = 4000
MOST_PROBLEMS = 20  # of one test
MOST_NAMES = 300
MOST_PLANNED = 200  # tests in one record
CLASS = re.compile(r"(\w+) \((.+)\)")  # how unittest names a class that could not be prepared


def main(configuration: str, request: str) -> None:
    """Run the tests; the exit code is 0 if Odoo came to its end, also where tests failed."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests print is no record
    asked = json.loads(Path(request).read_text("utf-8"))
    say = speaker(out, asked["mark"])
    done: dict[str, Any] = {"chain": []}
    try:
        configure(configuration, asked["tags"])
        loading = LoadingErrors()
        logging.getLogger().addHandler(loading)
        seen = watch(asked, say, done)
        server.start(preload=[database()], stop=True)
        done["chain"] = loading.chain
        done["unloaded"] = sorted(set(asked["modules"]) - loaded(seen))[:MOST_NAMES]
    except BaseException as error:  # noqa: BLE001 - `sys.exit` of a module too
        traceback.print_exc()
        done["chain"] = chain(error)
    done["odoo"] = report()
    say({"done": done})
    sys.stderr.flush()
    os._exit(1 if done["chain"] else 0)  # threads of modules cannot hold it up


def speaker(out: Any, mark: str) -> Callable[[dict[str, Any]], None]:
    """Return a function that writes a record."""

    def say(record: dict[str, Any]) -> None:
        text = json.dumps(record, default=str)
        pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
        last = pieces.pop()
        out.write("".join(f"{mark}+{piece}\n" for piece in pieces) + f"{mark}.{last}\n")
        out.flush()

    return say


class LoadingErrors(logging.Handler):
    """Keeps the exception with which Odoo could not load the database: it only logs it."""

    def __init__(self) -> None:
        super().__init__(logging.CRITICAL)
        self.chain: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first exception."""
        if not self.chain and record.exc_info and record.exc_info[1] is not None:
            self.chain = chain(record.exc_info[1])


def configure(configuration: str, tags: str) -> None:
    """Read the configuration, switch tests on and set up Odoo's log."""
    parse = odoo.tools.config.parse_config
    options = (
        {"setup_logging": True} if "setup_logging" in inspect.signature(parse).parameters else {}
    )
    parse(["--config", configuration, "--test-tags", tags, "--stop-after-init"], **options)


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


def watch(asked: dict[str, Any], say: Any, done: dict[str, Any]) -> set[str]:
    """Make Odoo tell of tests; return the modules whose tests it asks for, which grow meanwhile."""
    from odoo.tests import loader  # noqa: PLC0415 - only once tests are switched on

    known = {"say": staticmethod(say), "own": tuple(asked["own"]), "running": {}}
    loader.OdooTestResult = type("Recorder", (Recording, loader.OdooTestResult), known)
    planner = Planner(loader, asked, say, done)
    loader.make_suite = planner.make_suite
    return planner.seen


class Planner:
    """Chooses the tests, and tells which ones will run."""

    def __init__(self, loader: Any, asked: dict[str, Any], say: Any, done: dict[str, Any]) -> None:
        self.make, self.empty = loader.make_suite, loader.OdooSuite
        self.modules, self.own = set(asked["modules"]), tuple(asked["own"])
        self.only = None if asked["only"] is None else set(asked["only"])
        self.beginnings = tuple(each for each in self.only or () if each.endswith("."))
        self.say, self.done = say, done
        self.planned: set[str] = set()
        self.unloaded: set[str] = set()
        self.seen: set[str] = set()

    def make_suite(self, names: Any, position: str = "at_install") -> Any:
        """Return the suite of one module or of several, as Odoo's own function does."""
        wanted = [names] if isinstance(names, str) else list(names)
        self.seen.update(wanted)
        mine = [name for name in wanted if name in self.modules and self.loads(name)]
        if position == "post_install":
            self.look_at(Registry.registries[database()])
        tests = self.tests(names, mine, position)
        self.plan(tests)
        if position == "at_install":  # those of later are counted as soon as they are known
            self.plan(self.tests(names, mine, "post_install"))
        suite = self.empty(tests)
        # Asset bundles are generated when a test asks for them: most tests ask for few or none.
        suite.has_http_case = lambda: False
        return suite

    def tests(self, names: Any, mine: list[str], position: str) -> list[Any]:
        """Return the tests of the modules that are asked for."""
        if not mine:
            return []
        found = self.make(mine[0] if isinstance(names, str) else mine, position)
        return [each for each in found if self.only is None or self.is_wanted(each.id())]

    def is_wanted(self, name: str) -> bool:
        """Whether a test is one of those that are repeated, or of a class or module of those."""
        return name in self.only or name.startswith(self.beginnings)

    def plan(self, tests: Iterable[Any]) -> None:
        """Tell of tests that were not told of before."""
        new = [[each.id(), *names_of(each)] for each in tests if each.id() not in self.planned]
        self.planned.update(each[0] for each in new)
        for start in range(0, len(new), MOST_PLANNED):
            self.say({"planned": new[start : start + MOST_PLANNED]})

    def loads(self, name: str) -> bool:
        """Import the tests of a module; Odoo itself ends at an error, or only logs it."""
        if name in self.unloaded:
            return False
        try:
            found = importlib.util.find_spec(f"odoo.addons.{name}.tests")
            if found is not None:
                importlib.import_module(found.name)
        except BaseException as error:  # noqa: BLE001 - `sys.exit` too
            traceback.print_exc()
            self.unloaded.add(name)
            told = problem("error", error, traceback.format_exc(), self.own, "")
            self.say({"problem": {"module": name, "kind": "import", **told}})
            return False
        return True

    def look_at(self, registry: Any) -> None:
        """Note the stored fields of the modules that have no column yet."""
        with contextlib.suppress(Exception), contextlib.closing(registry.cursor()) as cursor:
            self.done["missing"] = missing_columns(registry, cursor, self.modules)[:MOST_NAMES]


def names_of(test: Any) -> list[str]:
    """Return the module and the tag of a test, as `/sale:TestOrder.test_total`."""
    kind, method = type(test), getattr(test, "_testMethodName", "")
    module = getattr(test, "test_module", "") or module_of(kind.__module__)
    return [module, f"/{module}:{kind.__name__}.{method}"]


def module_of(name: str) -> str:
    """Return the Odoo module that a Python module is in."""
    return re.sub(r"^odoo\.addons\.", "", name).partition(".")[0]


class Recording:
    """Tells of each test: comes before Odoo's own class of results, of which there are several.

    Attributes:
        say: writes a record.
        own: the folders that hold repositories.
        running: the tests that have begun, by id.
    """

    say: Any
    own: tuple[str, ...]
    running: dict[str, dict[str, Any]]
    clock = staticmethod(time.monotonic)  # tests may replace the module's own

    def startTest(self, test: Any) -> None:  # noqa: N802
        """Begin a test, or begin it again."""
        row = {"outcome": "passed", "reason": "", "problems": [], "since": self.clock()}
        self.running[test.id()] = row
        self.say({"begin": test.id()})
        super().startTest(test)  # type: ignore[misc]

    def stopTest(self, test: Any) -> None:  # noqa: N802
        """Tell what became of a test."""
        super().stopTest(test)  # type: ignore[misc]
        row = self.running.pop(test.id())
        seconds = round(max(0.0, self.clock() - row.pop("since")), 3)
        self.say({"end": {"id": test.id(), "seconds": seconds, **row}})

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        """Note an error."""
        self.note("error", test, err)
        super().addError(test, err)  # type: ignore[misc]

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Note a failed assertion."""
        self.note("failed", test, err)
        super().addFailure(test, err)  # type: ignore[misc]

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        """Note a part of a test; unittest's own class calls neither of the two above for it."""
        before = len(self.running[test.id()]["problems"])
        super().addSubTest(test, subtest, err)  # type: ignore[misc]
        if err is not None and len(self.running[test.id()]["problems"]) == before:
            self.note(
                "failed" if issubclass(err[0], test.failureException) else "error", subtest, err
            )

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        """Note a skipped test, or the tests of a class that will not run."""
        super().addSkip(test, reason)  # type: ignore[misc]
        text, row = str(reason)[:MOST_MESSAGE], self.running.get(test.id())
        found = CLASS.fullmatch(test.id())
        if row is not None:
            row.update(outcome="skipped", reason=text)
        elif found:
            self.say({"problem": {"class": found[2], "kind": "skipped", "message": text}})

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        """Note a test that should have failed, which only older versions know."""
        super().addUnexpectedSuccess(test)  # type: ignore[misc]
        told = {"kind": "unexpected", "message": "It passed, though it is expected to fail."}
        self.running[test.id()]["outcome"] = "failed"
        self.running[test.id()]["problems"].append(told)

    def note(self, kind: str, test: Any, err: Any) -> None:
        """Keep a problem with its test, or tell it of a class."""
        if getattr(self, "_soft_fail", False):
            return  # Odoo tries the test again
        whole, sub, trace = test, "", ""
        while getattr(whole, "test_case", None) is not None:
            sub = sub or whole._subDescription()  # noqa: SLF001
            whole = whole.test_case
        with contextlib.suppress(Exception):
            trace = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]
        place = place_of(whole)
        told = {"kind": kind, "sub": sub, **problem(kind, err[1], trace, self.own, place)}
        row = self.running.get(whole.id())
        if row is None:
            found = CLASS.fullmatch(whole.id())
            about = {"class": found[2], "method": found[1]} if found else {"other": whole.id()}
            self.say({"problem": {**about, **told}})
            return
        row["outcome"] = "error" if "error" in (kind, row["outcome"]) else "failed"
        if len(row["problems"]) < MOST_PROBLEMS:
            row["problems"].append(told)


def place_of(test: Any) -> str:
    """Return the file of a test."""
    with contextlib.suppress(Exception):
        return inspect.getfile(type(test))
    return ""


def problem(kind: str, error: Any, trace: str, own: tuple[str, ...], file: str) -> dict[str, Any]:
    """Describe an exception: its text, and where it came from.

    A failed assertion came from the test's own file, an error from the innermost line of a
    repository; without either it came from the innermost line of all.
    """
    frames = [] if error is None else traceback.extract_tb(error.__traceback__)
    in_test = [each for each in frames if file and each.filename == file]
    in_own = [each for each in frames if each.filename.startswith(tuple(f"{it}/" for it in own))]
    chosen = (in_test or in_own) if kind == "failed" else (in_own or in_test)
    at = (chosen or frames or [None])[-1]
    place = [getattr(error, "filename", None), getattr(error, "lineno", None)]
    if not (isinstance(error, SyntaxError) and all(place)):
        place = [at.filename, at.lineno] if at is not None else [file, 0]
    return {
        "type": type(error).__name__,
        "message": text_of(error)[:MOST_MESSAGE],
        "file": str(place[0]),
        "line": place[1] or 0,
        "trace": trace[-MOST_TRACE:],
    }


def text_of(error: Any) -> str:
    """Return an exception's text; that of a module's own exception may fail."""
    with contextlib.suppress(Exception):
        return str(error)
    return ""


def chain(error: BaseException | None) -> list[dict[str, Any]]:
    """Return an exception and what caused it, the outermost first."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 5 and not is_look_up(error):  # noqa: PLR2004
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        found.append(
            {
                "type": type(error).__name__,
                "message": text_of(error)[:MOST_MESSAGE],
                "file": str(getattr(error, "filename", None) or ""),
                "line": getattr(error, "lineno", None) or 0,
                "frames": [[each.filename, each.lineno or 0, each.name] for each in frames],
            }
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def is_look_up(error: BaseException) -> bool:
    """Whether Odoo looked for a registry that it then loaded, which is the cause of nothing."""
    return isinstance(error, KeyError) and error.args == (database(),)


def missing_columns(registry: Any, cursor: Any, modules: set[str]) -> list[list[Any]]:
    """Return the stored fields of the modules that have no column, each with its modules."""
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    )
    there = set(cursor.fetchall())
    return [
        [f"{name}.{field.name}"[:MOST_MESSAGE], sorted(field._modules or ())]  # noqa: SLF001
        for name, model in sorted(registry.models.items())
        if model._auto and not model._abstract and not model._table_query  # noqa: SLF001
        for field in model._fields.values()
        if field.store
        and field.column_type
        and (model._table, field.name) not in there  # noqa: SLF001
        and modules & set(field._modules or ())  # noqa: SLF001
    ]


def loaded(seen: set[str]) -> set[str]:
    """Return the modules that Odoo loaded; where it does not say so, those it asked tests for."""
    with contextlib.suppress(Exception):
        seen = set(Registry.registries[database()]._init_modules)  # noqa: SLF001
    return seen


def report() -> dict[str, Any] | None:
    """Return Odoo's own counts; None where it did not come to them."""
    with contextlib.suppress(Exception):
        found = Registry.registries[database()]._assertion_report  # noqa: SLF001
        return {
            "failed": count(found, "failures"),
            "errors": count(found, "errors"),
            "tests": found.testsRun,
            "text": str(found),
        }
    return None


def count(found: Any, what: str) -> int:
    """Return a number of Odoo's result, which older versions keep as a list."""
    counted = getattr(found, f"{what}_count", None)
    return len(getattr(found, what)) if counted is None else counted


main(*sys.argv[1:])
