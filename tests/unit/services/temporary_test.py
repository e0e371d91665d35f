from pathlib import Path

from oduflow.domain.plan import Naming
from oduflow.services.temporary import free_temporary


def test_temporary_files_of_all_containers_of_a_team_go_and_nothing_else(tmp_path: Path) -> None:
    naming, kept = Naming("test", tmp_path), tmp_path / "kept"
    kept.write_text("content")
    red = naming.team_folder("red")
    folders = [
        *(red / "environments" / "one" / name for name in ("tmp", "tmp-once", "tests/tmp")),
        red / "templates" / "two" / "tmp",
    ]
    for folder in (*folders, naming.team_folder("blue") / "environments" / "three" / "tmp"):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_text("content")
        (folder / "link").symlink_to(kept)
    (red / "environments" / "one" / "conf").write_text("content")

    free_temporary(naming, "red")

    assert [list(folder.iterdir()) for folder in folders] == [[]] * 4
    assert (red / "environments" / "one" / "conf").exists()
    assert kept.exists()
    other = naming.team_folder("blue") / "environments" / "three" / "tmp"
    assert (other / "deep" / "file").exists()
