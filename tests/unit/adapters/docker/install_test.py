import subprocess
import sys
from pathlib import Path

import pytest

from oduflow.adapters.docker.install import install_engine
from oduflow.domain.errors import UpstreamFailed
from tests.support.processes import wait_until_gone
from tests.support.server import eventually
from tests.support.tree import ROOT


def test_each_line_of_the_script_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine.sh").write_text("echo one; echo two >&2")
    lines: list[str] = []

    install_engine(lines.append, recipes=tmp_path)

    assert lines == ["one", "two"]


def test_a_script_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "engine.sh").write_text("seq 40; exit 1")

    with pytest.raises(UpstreamFailed, match="No Docker engine") as failed:
        install_engine(lambda _line: None, recipes=tmp_path)

    assert failed.value.output.splitlines() == [str(number) for number in range(11, 41)]


def test_the_script_ends_when_the_process_that_asked_for_it_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "engine.sh"
    script.write_text(f"touch {tmp_path}/began\nfor n in $(seq 200); do sleep 0.1; done\n")
    program = (
        "from pathlib import Path\n"
        "from oduflow.adapters.docker.install import install_engine\n"
        f"install_engine(print, recipes=Path({str(tmp_path)!r}))"
    )
    asker = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    eventually((tmp_path / "began").exists, 10)

    asker.kill()
    asker.wait()

    assert wait_until_gone(f"bash {script}") == []
