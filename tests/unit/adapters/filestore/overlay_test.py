import os
import subprocess

import pytest

from oduflow.adapters.filestore.layers import Layers
from oduflow.adapters.filestore.overlay import copy_options, overlay_options, overlay_refusal

OWN = (os.getuid(), os.getgid())


def test_the_options_name_the_folders_by_paths_that_stay_the_same(tmp_path):
    options = overlay_options(tmp_path / "lower", Layers(tmp_path / "layers"))

    assert options["type"] == options["device"] == "overlay"
    assert options["o"].split(",") == [
        "index=off",
        f"lowerdir={tmp_path}/lower",
        f"upperdir={tmp_path}/layers/current/upper",
        f"workdir={tmp_path}/layers/current/work",
    ]


def test_a_copy_shows_the_upper_folder_alone(tmp_path):
    assert copy_options(Layers(tmp_path)) == {
        "type": "none",
        "o": "bind",
        "device": f"{tmp_path}/current/upper",
    }


def test_a_template_without_a_filestore_is_no_overlay(tmp_path):
    assert "no filestore" in overlay_refusal(tmp_path / "absent", tmp_path, *OWN)


@pytest.mark.parametrize("name", ["a,b", "a:b", "a\\b", "a b"])
def test_a_path_with_a_separator_of_mount_options_is_no_overlay(tmp_path, name):
    (tmp_path / name).mkdir()

    assert "separates mount options" in overlay_refusal(tmp_path / name, tmp_path, *OWN)


def test_files_of_another_user_are_no_overlay(tmp_path):
    assert "another user" in overlay_refusal(tmp_path, tmp_path, OWN[0] + 1, OWN[1])


def test_without_root_there_is_no_overlay(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert overlay_refusal(tmp_path, tmp_path, *OWN) == "only root can mount it"


def test_a_kernel_that_refuses_the_mount_is_no_overlay(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess((), 32))

    assert "no overlays" in overlay_refusal(tmp_path, tmp_path, *OWN)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_the_program_has_no_overlay(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def absent(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", absent)

    assert "does not run" in overlay_refusal(tmp_path, tmp_path, *OWN)
