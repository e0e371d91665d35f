"""The launcher of warm slots, as the script that a container's Python runs."""

import os
import subprocess
import sys

import pytest

from oduflow.adapters.odoo import commands

ODOO = '#!/bin/sh\nimport sys\nprint("odoo", *sys.argv[1:], __name__, sys.path[0], flush=True)\n'


@pytest.fixture
def launch(tmp_path):
    """Start the launcher with a program `odoo` and one module to import."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "odoo").write_text(ODOO.replace("#!/bin/sh\n", ""))
    (programs / "odoo").chmod(0o755)
    script = commands.launch().entrypoint[2]
    started = []

    def start(conf, module="json"):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(conf), module],
            env={**os.environ, "PATH": str(programs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_says_that_it_has_imported_and_waits_for_the_configuration(launch, tmp_path):
    conf = tmp_path / "odoo.conf"
    conf.touch()
    process = launch(conf)

    assert process.stdout.readline().strip() == commands.LAUNCHED
    assert process.poll() is None
    conf.write_text("[options]")
    assert process.stdout.readline().split()[:3] == ["odoo", "--config", str(conf)]
    assert process.wait(10) == 0


def test_it_runs_the_script_as_python_does(launch, tmp_path):
    conf = tmp_path / "odoo.conf"
    conf.write_text("[options]")

    output, _ = launch(conf).communicate(timeout=10)

    assert output.split() == ["odoo", "--config", str(conf), "__main__", str(tmp_path / "bin")]


def test_an_import_that_fails_ends_it(launch, tmp_path):
    conf = tmp_path / "odoo.conf"
    conf.touch()
    process = launch(conf, "no_such_module")

    output, error = process.communicate(timeout=10)

    assert process.returncode == 1
    assert output == ""
    assert "no_such_module" in error
