"""Run a caller's code in the environment's Odoo, beside the one that serves.

Standard input is a JSON object: `code`, `mark`, which begins each line of ours, and `memory`, the
most bytes that the process may allocate. A first line says that the registry is loaded, the last
one what became of the code. As in Odoo's own shell, only what the code commits is kept. What it has
committed is signalled to the serving Odoo, whose caches would not notice.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import resource
import sys
import textwrap
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import odoo
from odoo.modules.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = "<code>"
ODOO_SUPERUSER = 1
LONGEST = 4000  # characters of the value, and of the traceback
LONGEST_PRINTED = 1 << 20  # characters of a value that is printed
WROTE = "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL"


class WatchedTransaction:
    """Knows whether the cursor's transactions have written, and which were committed."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.cursor = environment.cr
        self.committed = False
        self._commit: Callable[[], Any] = self.cursor.commit
        self.cursor.commit = self.commit

    def wrote(self) -> bool:
        """Write what Odoo has in memory, and tell whether the transaction has written."""
        environment = self.environment
        flush = getattr(environment, "flush_all", None) or environment["base"].flush
        flush()
        self.cursor.execute(WROTE)
        return bool(self.cursor.fetchone()[0])

    def commit(self) -> Any:
        """Commit, as the code asks for."""
        wrote = self.wrote()
        result = self._commit()
        self.committed = self.committed or wrote
        return result


def main(configuration: str) -> None:
    """Run the code with the database that the configuration names."""
    given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - stays open
    resource.setrlimit(resource.RLIMIT_DATA, (given["memory"], given["memory"]))
    odoo.tools.config.parse_config(["--config", configuration, "--no-http", "--log-level", "warn"])
    name = database()
    threading.current_thread().dbname = name  # type: ignore[attr-defined]
    registry = Registry(name)
    say = speaker(given["mark"])
    say({"loaded": True})
    with opened(registry) as environment:
        transaction = WatchedTransaction(environment)
        report = run(textwrap.dedent(given["code"]), transaction)
        environment.cr.rollback()
    signalled = transaction.committed and signal(registry)
    say(dict(report, committed=transaction.committed, signalled=signalled))
    sys.exit(0 if report["ok"] else 1)


def speaker(mark: str) -> Callable[[dict[str, Any]], None]:
    """Return a function that prints a record of ours, also after the code has closed stdout."""
    out = os.dup(1)

    def say(record: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        line = f"\n{mark} {json.dumps(record, ensure_ascii=False)}\n"
        data = line.encode("utf-8", "replace")
        while data:
            data = data[os.write(out, data) :]

    return say


def signal(registry: Any) -> bool:
    """Tell the serving Odoo that its caches are old."""
    try:
        registry.signal_changes()
    except Exception:  # noqa: BLE001 - the data are committed
        traceback.print_exc()
        return False
    return True


def database() -> str:
    """Return the configured database; Odoo 19 reads a list of them."""
    names = odoo.tools.config["db_name"]
    return names if isinstance(names, str) else names[0]


@contextlib.contextmanager
def opened(registry: Any) -> Iterator[Any]:
    """Open an environment of the superuser; its transaction is rolled back at the end."""
    # Environments live in this context up to Odoo 14; later it is useless, then gone.
    manage = getattr(odoo.api.Environment, "manage", contextlib.nullcontext)
    with manage(), contextlib.closing(registry.cursor()) as cursor:
        context = odoo.api.Environment(cursor, ODOO_SUPERUSER, {})["res.users"].context_get()
        yield odoo.api.Environment(cursor, ODOO_SUPERUSER, dict(context))


def run(code: str, transaction: WatchedTransaction) -> dict[str, Any]:
    """Run the code; return its last value, or its error with the frames that are its own."""
    lines = code.splitlines(keepends=True)
    linecache.cache[FILE] = (len(code), None, lines, FILE)
    try:
        value = evaluate(code, namespace(transaction.environment))
        text = None if value is None else repr(value)
        changed = transaction.wrote()
    except SystemExit as end:
        if end.code not in {None, 0}:
            return failed(end)
        return dict(finished(None), rolled_back=transaction.wrote())
    except BaseException as error:  # noqa: BLE001 - the code may raise any
        return failed(error)
    return dict(finished(text), rolled_back=changed)


def evaluate(code: str, names: dict[str, Any]) -> Any:
    """Execute the code; return the value of its last statement, if that is an expression."""
    tree = ast.parse(code, FILE)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, FILE, "exec"), names)  # noqa: S102 - what the caller asks for
        return None
    tree.body.pop()
    exec(compile(tree, FILE, "exec"), names)  # noqa: S102 - as above
    return eval(compile(ast.Expression(last.value), FILE, "eval"), names)  # noqa: S307


def namespace(environment: Any) -> dict[str, Any]:
    """Return the names that Odoo's own shell offers."""
    return {
        "__name__": "__main__",
        "env": environment,
        "self": environment.user,
        "odoo": odoo,
        "registry": environment.registry,
    }


def finished(text: str | None) -> dict[str, Any]:
    """Report a value; a long one is printed, and its beginning reported."""
    if text is not None and len(text) > LONGEST:
        sys.stdout.write(text[:LONGEST_PRINTED] + "\n")
        text = f"{text[:LONGEST]}… ({len(text)} characters)"
    return {"ok": True, "value": text}


def failed(error: BaseException) -> dict[str, Any]:
    """Report an error: its last line, and the traceback from the code's own first frame on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != FILE:
        frames = frames.tb_next
    said = "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))
    lines = "".join(traceback.format_exception_only(type(error), error)).strip().split("\n")
    # A database's error goes on with its statement; a syntax error begins with its line.
    reason = lines[-1] if isinstance(error, SyntaxError) else lines[0]
    if isinstance(error, SyntaxError) and frames is None:
        said = "\n".join(lines)
    return {"ok": False, "error": reason[:500], "traceback": said[-LONGEST:]}


main(*sys.argv[1:])
