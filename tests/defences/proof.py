"""Take a defence out of a copy of the tree, and see whether its tests notice."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.defences.outcomes import BROKEN, FAILED, PASSED, TOLD
from tests.defences.table import FOLDER, ROOT, Defence

LIMIT_SECONDS = 300  # of one pytest; a test that hangs proves nothing
BASELINE_SECONDS = 1800
_LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", ".*cache", ".hypothesis", ".node", ".bench"),
    *("*.egg-info", "build", "dist", "docs", "bench"),
)
_HOW = (
    *("-q", "--tb=no", "--timeout=90", "-p", "no:cacheprovider", "-p", "tests.defences.outcomes"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the libraries are loaded already
)

Outcomes = dict[str, str]


class Unproven(Exception):
    """Why a defence is not proven, in one line."""


class Prover:
    """Runs tests on copies of the tree, one process after another; used by one thread."""

    def __init__(self) -> None:
        self._seedling = subprocess.Popen(
            [sys.executable, str(FOLDER / "seedling.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._seedling.communicate()

    def standing(self, tests: Sequence[str]) -> Outcomes:
        """Run tests with all defences in place.

        Raises:
            Unproven: they cannot be run.
        """
        with _copied() as root:
            return self._run(root, tests, BASELINE_SECONDS)

    def prove(self, defence: Defence, in_place: Outcomes) -> None:
        """Take one defence out and run its tests.

        Args:
            defence: what is taken out.
            in_place: how its tests end while it stands.

        Raises:
            Unproven: a test does not pass with it, or does not fail without it.
        """
        if wrong := defence.problems():
            raise Unproven("; ".join(wrong))
        if bad := [test for test in defence.tests if in_place.get(test) != PASSED]:
            raise Unproven(f"does not pass while it stands: {', '.join(bad)}")
        with _copied() as root:
            path = root / defence.file
            path.write_text(defence.taken_out(path.read_text("utf-8")), "utf-8")
            _refuse_broken_names(path)
            found = self._run(root, defence.tests, LIMIT_SECONDS)
        for outcome, why in ((PASSED, "survives"), (BROKEN, "cannot be run without it")):
            if which := [test for test in defence.tests if found.get(test, BROKEN) == outcome]:
                raise Unproven(f"{why}: {', '.join(which)}")
        assert all(found[test] == FAILED for test in defence.tests)

    def _run(self, root: Path, tests: Sequence[str], limit: float) -> Outcomes:
        told, output = root.parent / "outcomes.json", root.parent / "output"
        # Children of the tests must find the copy as well, whatever is installed.
        asked = {
            "root": str(root),
            "arguments": [*_HOW, *tests],
            "environ": {"PYTHONPATH": str(root), TOLD: str(told)},
            "output": str(output),
            "limit": limit,
        }
        assert self._seedling.stdin
        assert self._seedling.stdout
        self._seedling.stdin.write(f"{json.dumps(asked)}\n")
        self._seedling.stdin.flush()
        if json.loads(self._seedling.stdout.readline()) is None:
            raise Unproven(f"its tests took longer than {limit:.0f} s")
        if not told.exists():
            last = output.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise Unproven(f"pytest did not come to its end: {last}")
        said = json.loads(told.read_text("utf-8"))
        if not Path(said["package"]).is_relative_to(root):
            raise Unproven(f"the tests ran on {said['package']}, not on the copy")
        outcomes: Outcomes = said["tests"]
        return outcomes


@contextmanager
def _copied() -> Iterator[Path]:
    """Copy the tree to a folder of its own, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="defences-") as folder:
        root = Path(folder) / "tree"
        shutil.copytree(ROOT, root, ignore=_LEFT_OUT, symlinks=True)
        yield root


def _refuse_broken_names(path: Path) -> None:
    """A name that nobody defines fails every test: that is no proof.

    Raises:
        Unproven: there is one.
    """
    if path.suffix != ".py":
        return
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "F82,E9"]
    done = subprocess.run([*ruff, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unproven(f"without it the file is broken: {done.stdout.strip().splitlines()[:1]}")
