import threading

from oduflow.services.failpoints import Failpoints
from tests.support.programs import eventually

POINT = "create.database.after"


def test_a_process_is_held_while_the_file_exists(tmp_path):
    held = tmp_path / POINT
    held.touch()
    walker = threading.Thread(target=Failpoints(tmp_path, enabled=True).reach, args=(POINT,))

    walker.start()
    assert eventually((tmp_path / f"{POINT}.reached").exists), "the test learns that it is held"
    assert walker.is_alive()
    held.unlink()
    walker.join(5)

    assert not walker.is_alive()


def test_without_a_file_no_process_is_held(tmp_path):
    Failpoints(tmp_path, enabled=True).reach(POINT)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_holds_no_process(tmp_path):
    Failpoints(tmp_path / "missing", enabled=True).reach(POINT)


def test_a_real_instance_does_not_even_look(tmp_path):
    (tmp_path / POINT).touch()

    Failpoints(tmp_path, enabled=False).reach(POINT)

    assert [path.name for path in tmp_path.iterdir()] == [POINT]
