import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.domain.container import ImageFacts
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.process_mark import process_mark
from oduflow.services.temporary import free_temporary, one_off_folders, one_off_temporary

IMAGE = ImageFacts("sha256:0123", "odoo:19.0", 101, 102, (), {})


def test_temporary_files_of_all_containers_of_a_team_go_and_nothing_else(tmp_path: Path) -> None:
    naming, kept = Naming("test", tmp_path), tmp_path / "kept"
    kept.write_text("content")
    red = naming.team_folder("red")
    folders = [
        *(red / "environments" / "one" / name for name in ("tmp", "tests/tmp")),
        *(red / "scratch" / f"{number}-once-one" for number in (1, 2)),
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


def test_the_temporary_files_of_a_one_off_container_go_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chown", lambda *_args: None)
    plan = EnvironmentPlan(Naming("test", tmp_path), "one", "red", "sale")

    with one_off_temporary(plan, IMAGE) as folder:
        (folder / "file").write_text("content")
        assert one_off_folders(plan) == (folder,)

    assert one_off_folders(plan) == ()
    # As scratch folders are: one that a kill leaves goes with those of the dead process.
    assert folder.parent == plan.naming.team_scratch("red")
    assert folder.name.partition("-")[0] == process_mark()


def test_what_is_made_anew_at_the_same_time_is_no_failure_of_a_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = Naming("test", tmp_path)
    folder = naming.team_folder("red") / "environments" / "one" / "tmp"
    (folder / "deep").mkdir(parents=True)
    real = Path.iterdir

    def removed_before(path: Path) -> Iterator[Path]:
        shutil.rmtree(path)
        return real(path)

    monkeypatch.setattr(Path, "iterdir", removed_before)
    free_temporary(naming, "red")
