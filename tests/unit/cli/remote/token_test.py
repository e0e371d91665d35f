import os
from pathlib import Path

import pytest

from oduflow.cli.remote.target import MAX_BYTES, bearer_token
from oduflow.domain.errors import Invalid, Unauthenticated

TOKEN = "odf_A1b2C3d4E5f6G7h8I9j0"


def test_the_environment_names_the_token(monkeypatch):
    monkeypatch.setenv("ODUFLOW_TOKEN", f"{TOKEN}\n")

    assert bearer_token(None) == TOKEN


def test_a_file_that_is_named_wins_over_the_environment(file, monkeypatch):
    monkeypatch.setenv("ODUFLOW_TOKEN", "another")

    assert bearer_token(file) == TOKEN


def test_without_any_token_the_next_step_is_said(monkeypatch):
    monkeypatch.delenv("ODUFLOW_TOKEN", raising=False)

    with pytest.raises(Unauthenticated) as refused:
        bearer_token(None)

    assert "$ODUFLOW_TOKEN" in refused.value.hint
    assert "--token-file" in refused.value.hint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_others_may_touch_is_refused(file, mode):
    file.chmod(mode)

    with pytest.raises(Invalid) as refused:
        bearer_token(file)

    assert refused.value.hint == f"chmod 600 {file}"
    assert TOKEN not in refused.value.message


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_closed_file_is_read(file, mode):
    file.chmod(mode)

    assert bearer_token(file) == TOKEN


def test_a_pipe_is_a_file_too():
    """As `--token-file <(pass show oduflow)` gives one."""
    reading, writing = os.pipe()
    os.write(writing, f"{TOKEN}\n".encode())
    os.close(writing)
    try:
        assert bearer_token(Path(f"/dev/fd/{reading}")) == TOKEN
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "two words", f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN}\n{TOKEN}", "t\x00k", "é", "\ufeffx"],
)
def test_what_is_no_single_token_is_refused_and_not_repeated(file, content):
    file.write_text(content)

    with pytest.raises(Invalid) as refused:
        bearer_token(file)

    assert "does not hold one token" in refused.value.message
    assert TOKEN not in f"{refused.value.message} {refused.value.hint}"


def test_a_variable_that_would_begin_another_header_is_refused(monkeypatch):
    monkeypatch.setenv("ODUFLOW_TOKEN", f"{TOKEN}\r\nX-Evil: 1")

    with pytest.raises(Invalid, match="ODUFLOW_TOKEN does not hold one token"):
        bearer_token(None)


def test_a_file_that_is_no_token_at_all_is_not_read_to_its_end(file):
    file.write_text("x" * (2 * MAX_BYTES))

    with pytest.raises(Invalid, match="does not hold one token"):
        bearer_token(file)


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(Invalid) as refused:
        bearer_token(tmp_path / name)

    assert str(tmp_path) in refused.value.message
    assert "cannot be read" in refused.value.message


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "token"
    made.write_text(f"{TOKEN}\n")
    made.chmod(0o600)
    return made
