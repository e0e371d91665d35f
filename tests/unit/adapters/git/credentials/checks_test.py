from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oduflow.adapters.git.credentials.checks import CredentialCheck, CredentialChecks
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.domain.credential import CredentialState, Verdict

ENTRY = Entry("https", "github.com", 443, "/", "me", "ghp_A1b2C3d4E5f6G7h8")
WHEN = datetime(2026, 11, 25, tzinfo=UTC)
VERDICT = Verdict(CredentialState.VALID, "octocat", ("repo",), WHEN, "classic", "well")
CHECK = CredentialCheck(VERDICT, proven=True, checked_at=WHEN)


@pytest.fixture
def checks(tmp_path):
    return CredentialChecks(tmp_path / "checks", nullcontext)


def test_a_check_is_remembered_without_anything_secret(checks, tmp_path):
    checks.put(ENTRY, CHECK, [ENTRY])

    assert checks.of([ENTRY]) == {ENTRY: CHECK}
    assert ENTRY.password not in (tmp_path / "checks").read_text()


def test_a_new_token_is_unchecked(checks):
    checks.put(ENTRY, CHECK, [ENTRY])

    assert checks.of([replace(ENTRY, password="another")]) == {}


def test_what_was_found_out_about_a_credential_goes_with_it(checks, tmp_path):
    checks.put(ENTRY, CHECK, [ENTRY])
    checks.forget_all_but([])

    assert (tmp_path / "checks").read_text() == "{}"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}'])
def test_a_damaged_file_is_as_good_as_none(checks, tmp_path, text):
    (tmp_path / "checks").write_text(text)
    assert checks.of([ENTRY]) == {}

    checks.put(ENTRY, CHECK, [ENTRY])
    assert checks.of([ENTRY]) == {ENTRY: CHECK}
