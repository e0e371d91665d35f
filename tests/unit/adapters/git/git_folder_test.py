"""What git's own folder tells without a program."""

import pytest

from oduflow.adapters.git.git_folder import finished_commit

COMMIT = "1f" * 20


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({}, ""),
        ({"HEAD": f"{COMMIT}\n"}, COMMIT),
        ({"HEAD": f"{COMMIT}\n", "unfinished": ""}, ""),
        ({"HEAD": "ref: refs/heads/main\n"}, ""),
        ({"HEAD": ""}, ""),
    ],
)
def test_only_a_finished_checkout_of_a_commit_has_one(tmp_path, files, commit):
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert finished_commit(tmp_path) == commit
