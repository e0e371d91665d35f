"""The script that runs a caller's code, with a few lines in place of Odoo."""

import subprocess
import sys
from pathlib import Path

import pytest

from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.shell import ShellOutput, ShellReport, ShellRequest

SCRIPT = (Path(inside.__file__).parent / "shell.py").read_text("utf-8")
ODOO = {
    "__init__.py": """
from odoo import api, modules, tools
""",
    "api.py": """
class Users(list):
    def context_get(self):
        return {"lang": "en_US"}


class Environment:
    def __init__(self, cr, uid, context):
        self.cr, self.uid, self.context = cr, uid, context
        self.user, self.registry = "the user", cr.registry

    def __getitem__(self, name):
        return Users()

    def flush_all(self):
        if self.cr.broken:
            raise ValueError("a constraint")
""",
    "tools.py": """
class config(dict):
    def parse_config(self, words):
        self["db_name"] = ["env_1"]


config = config()
""",
    "modules/__init__.py": "",
    "modules/registry.py": """
class Cursor:
    broken = written = False

    def __init__(self, registry):
        self.registry = registry

    def execute(self, statement):
        self.written = self.written or not statement.startswith("SELECT")

    def fetchone(self):
        return [self.written]

    def commit(self):
        self.written = False

    def rollback(self):
        self.written = False

    def close(self):
        pass


class Registry:
    def __init__(self, name):
        print("loading", name)

    def cursor(self):
        return Cursor(self)

    def signal_changes(self):
        print("signalled")
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in ODOO.items():
        file = tmp_path / "odoo" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def run(folder: Path, code: str) -> tuple[int, ShellOutput]:
    request = ShellRequest.of(code, 1 << 30)
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, "odoo.conf"),
        check=False,
        input=request.stdin,
        capture_output=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
    )
    return done.returncode, ShellOutput.of(done.stdout.decode(), request.mark)


def report(folder: Path, code: str) -> ShellReport:
    exit_code, output = run(folder, code)
    assert output.loaded
    assert output.report is not None
    assert exit_code == (0 if output.report.ok else 1)
    return output.report


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", "2"),
        ("x = 3\nx", "3"),
        ("x = 3", None),
        ("None", None),
        ("", None),
        ("# a comment", None),
        ("  x = 1\n  x + 1", "2"),
        ("def f():\n    return [y for y in range(n)]\nn = 2\nf()", "[0, 1]"),
        ("'ä'", "'ä'"),
        ("self, env.uid, env.context", "('the user', 1, {'lang': 'en_US'})"),
        ("import sys; sys.exit()", None),
        ("input", "<built-in function input>"),
    ],
)
def test_the_value_of_a_last_expression_is_reported(folder, code, value):
    assert report(folder, code) == ShellReport(ok=True, value=value)


def test_what_is_printed_is_no_report_even_without_a_line_break(folder):
    _, output = run(folder, "import sys\nx = sys.stdout.write('no end')")

    assert output.printed == "loading env_1\nno end"
    assert output.report == ShellReport(ok=True)


def test_output_that_the_code_has_closed_still_ends_with_a_report(folder):
    assert report(folder, "import sys; sys.stdout.close()").ok


@pytest.mark.parametrize(
    ("code", "committed", "rolled_back"),
    [
        ("env.cr.execute('SELECT 1')", False, False),
        ("env.cr.execute('UPDATE x')", False, True),
        ("env.cr.execute('UPDATE x'); env.cr.commit()", True, False),
        ("env.cr.commit()", False, False),
        ("env.cr.execute('UPDATE x'); env.cr.rollback()", False, False),
        ("for n in 1, 2: env.cr.execute('UPDATE x'); n > 1 or env.cr.commit()", True, True),
    ],
)
def test_what_became_of_the_data_is_reported_and_what_was_committed_signalled(
    folder, code, committed, rolled_back
):
    _, output = run(folder, code)

    assert output.report == ShellReport(
        ok=True, committed=committed, rolled_back=rolled_back, signalled=committed
    )
    assert ("signalled" in output.printed) is committed


def test_a_failure_has_the_codes_own_frames_and_lines(folder):
    found = report(folder, "def f():\n    raise ValueError('no')\nf()")

    assert (found.ok, found.error) == (False, "ValueError: no")
    assert found.traceback.splitlines() == [
        "Traceback (most recent call last):",
        '  File "<code>", line 3, in <module>',
        "    f()",
        '  File "<code>", line 2, in f',
        "    raise ValueError('no')",
        "ValueError: no",
    ]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = (", "SyntaxError"),
        ("import sys; sys.exit(2)", "SystemExit: 2"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("env.cr.broken = True", "ValueError: a constraint"),
        ("env.cr.broken = True; env.cr.commit()", "ValueError: a constraint"),
        ("class X:\n    __repr__ = None\nX()", "TypeError"),
        ("bytearray(1 << 40)", "MemoryError"),
    ],
)
def test_an_early_end_of_the_code_is_a_failure(folder, code, error):
    found = report(folder, code)

    assert not found.ok
    assert error in found.error


def test_a_long_value_is_printed_and_its_beginning_reported(folder):
    _, output = run(folder, "'x' * 100000")

    assert output.report is not None
    assert output.report.value is not None
    assert output.report.value.endswith("(100002 characters)")
    assert len(output.printed) > 100_000


def test_code_that_ends_its_process_leaves_no_report(folder):
    exit_code, output = run(folder, "import os; os._exit(0)")

    assert (exit_code, output.loaded, output.report) == (0, True, None)
