import pytest

from oduflow.adapters.locks import ServerLock
from oduflow.domain.errors import Conflict
from tests.support.programs import running, said

SERVE = """
import os, sys
from pathlib import Path
from oduflow.adapters.locks import ServerLock
held = ServerLock(Path(sys.argv[1])).acquire("process 4711")
print("serving", flush=True)
sys.stdin.readline()
"""


def test_a_second_server_is_told_who_runs_and_what_to_do(tmp_path):
    with running(SERVE, tmp_path) as process:
        assert said(process) == "serving"

        with pytest.raises(Conflict) as caught:
            ServerLock(tmp_path).acquire("process 4712")

    assert "process 4711, for " in caught.value.message
    assert "--workers 1 --threads 35" in caught.value.hint


def test_a_killed_server_leaves_the_folder_free(tmp_path):
    with running(SERVE, tmp_path) as process:
        assert said(process) == "serving"
        assert not ServerLock(tmp_path).is_free()

        process.kill()
        process.wait()

    assert ServerLock(tmp_path).is_free()
    ServerLock(tmp_path).acquire("process 4712").release()


def test_every_folder_has_its_own(tmp_path):
    with ServerLock(tmp_path / "a").acquire("one"), ServerLock(tmp_path / "b").acquire("two"):
        assert not ServerLock(tmp_path / "a").is_free()

    assert ServerLock(tmp_path / "a").is_free()


def test_the_lock_is_called_server_lock(tmp_path):
    with ServerLock(tmp_path).acquire("one"):
        assert [file.name for file in tmp_path.iterdir()] == ["server.lock"]
