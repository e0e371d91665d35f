import subprocess
from pathlib import Path
from typing import Any

from oduflow.domain.plan import Naming
from oduflow.files.process_mark import process_mark
from oduflow.services.server.recover import ServerRecovery

UNUSED: Any = None


def test_scratch_folders_of_dead_processes_are_removed_and_those_of_living_ones_stay(
    tmp_path: Path,
) -> None:
    naming = Naming("test", tmp_path)
    ended = subprocess.Popen(["true"])
    ended.wait()
    for scratch in (naming.scratch, naming.team_scratch("1")):
        dead, alive = scratch / f"{ended.pid}-x1", scratch / f"{process_mark()}-x2"
        for folder in (dead, alive):
            (folder / "git").mkdir(parents=True)

        assert ServerRecovery(naming, UNUSED, UNUSED).prune() == 1

        assert list(scratch.iterdir()) == [alive]


def test_without_scratch_folders_nothing_is_removed(tmp_path: Path) -> None:
    assert ServerRecovery(Naming("test", tmp_path), UNUSED, UNUSED).prune() == 0
