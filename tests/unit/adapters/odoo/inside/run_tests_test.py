"""The script that runs tests, with a few lines in place of Odoo."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.test_output import RecordReader, request_text
from oduflow.domain.test_choice import ChosenTests

SCRIPT = (Path(inside.__file__).parent / "run_tests.py").read_text("utf-8")
MARK = "mark:"
ODOO = {
    "__init__.py": "",
    "cli.py": "",
    "tools.py": """
class Config(dict):
    def parse_config(self, words):
        self["db_name"] = ["env_1"]


config = Config()
""",
    "modules/__init__.py": "",
    "modules/registry.py": """
class Registry:
    registries = {}
""",
    "service/__init__.py": "",
    "service/server.py": """
from odoo.modules.registry import Registry


def start(preload, stop):
    from odoo.tests import loader

    Registry.registries["env_1"] = registry = Registry()
    for name in LOADED:
        loader.make_suite(name)
    if KNOWN:
        registry._init_modules = set(LOADED)
""",
    "tests/__init__.py": "",
    "tests/loader.py": """
import unittest


class OdooTestResult(unittest.TestResult):
    pass


class OdooSuite(unittest.TestSuite):
    pass


def make_suite(name, position):
    return OdooSuite()
""",
}


@pytest.mark.parametrize("known", [True, False])
def test_modules_that_odoo_leaves_out_are_told(tmp_path, known):
    head = f"LOADED, KNOWN = ['base', 'sale'], {known}\n"

    records = run(tmp_path, head, ChosenTests(("sale", "crm")))

    assert records[-1]["done"]["unloaded"] == ["crm"]


def run(folder: Path, head: str, chosen: ChosenTests) -> list[Any]:
    """Run the script, and return its records."""
    for name, text in ODOO.items():
        file = folder / "odoo" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(head + text if name == "service/server.py" else text)
    request = folder / "tests.json"
    request.write_text(request_text(chosen, (), MARK))
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, "odoo.conf", str(request)),
        check=False,
        capture_output=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
    )
    reader = RecordReader(MARK)
    lines = [each for each in done.stdout.decode().splitlines() if reader.is_part(each)]
    assert lines, done.stderr.decode()
    return [record for record in map(reader.read, lines) if record is not None]
