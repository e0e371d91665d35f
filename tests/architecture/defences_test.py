"""The table of defences cannot rot; whether each one holds is what `make defences` finds out."""

from pathlib import Path

import pytest

from tests.defences.table import Defence, load

TABLE = load()
SECTIONS = {
    "asking",
    "audit",
    "basic",
    "limits",
    "mcp",
    "oauth_clients",
    "oauth_people",
    "oauth_sign_in",
    "oauth_tokens",
}


@pytest.mark.parametrize("defence", TABLE, ids=lambda defence: defence.name)
def test_a_defence_stands_where_the_table_says_and_its_tests_exist(defence: Defence):
    assert defence.problems() == []


def test_every_section_has_its_table():
    assert {defence.name.partition(".")[0] for defence in TABLE} == SECTIONS


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"tests": ("a_test.py::TestGuard::test_inside",)}, None),
        ({"file": "nowhere.py"}, "is not there"),
        ({"old": "absent"}, "stands 0 times"),
        ({"old": "guard"}, "stands 2 times"),
        ({"new": "if ("}, "no Python"),
        ({"new": "if guard():"}, "takes nothing out"),
        ({"tests": ()}, "names no test"),
        ({"tests": ("a_test.py::test_nothing",)}, "is no test"),
        ({"tests": ("a_test.py::helper",)}, "is no test"),
        ({"tests": ("a_test.py",)}, "is no test"),
        ({"tests": ("b_test.py::test_guard",)}, "is no test"),
    ],
)
def test_an_entry_that_would_prove_nothing_is_noticed(tmp_path: Path, changed, problem):
    (tmp_path / "code.py").write_text("if guard():\n    pass  # guarded\n")
    (tmp_path / "a_test.py").write_text(
        "def helper(): ...\ndef test_guard(): ...\nclass TestGuard:\n def test_inside(self): ...\n"
    )
    entry = {
        "name": "some.entry",
        "line": "Something holds.",
        "file": "code.py",
        "old": "if guard():",
        "new": "if True:",
        "tests": ("a_test.py::test_guard",),
    }

    found = Defence(**{**entry, **changed}).problems(tmp_path)

    assert [problem in told for told in found] == ([True] if problem else [])
