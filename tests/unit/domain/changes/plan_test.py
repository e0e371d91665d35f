"""What several earlier states of a repository need together."""

import pytest

from oduflow.domain.changes.needs import FileVerdict, Need
from oduflow.domain.changes.plan import ApplyPlan


def reload(*ids: str, path: str = "notes/a.xml") -> FileVerdict:
    return FileVerdict(path, "notes", Need.RELOAD, "why", file="a.xml", ids=ids)


def test_the_greatest_need_of_a_file_counts() -> None:
    nothing = FileVerdict("notes/a.xml", "notes", Need.NOTHING, "no record changed")
    upgrade = FileVerdict("notes/a.xml", "notes", Need.UPGRADE, "b is gone")

    assert ApplyPlan.of([nothing, upgrade, reload("notes.a")]).verdicts == (upgrade,)


def test_records_that_differ_from_either_state_are_loaded() -> None:
    plan = ApplyPlan.of([reload("notes.a"), reload("notes.b", "notes.a")])

    assert plan.ids == ("notes.a", "notes.b")
    assert dict(plan.reload) == {"notes": ("a.xml",)}


def test_an_upgrade_for_another_reason_takes_the_place_of_loading_views() -> None:
    plan = ApplyPlan.of([reload("notes.a")]).upgrading(["notes"], "others change it, too")

    assert (plan.upgrade, dict(plan.reload), plan.ids) == (("notes",), {}, ())


def test_a_restart_for_another_reason_is_no_writing() -> None:
    plan = ApplyPlan().restarting("code was edited since Odoo started")

    assert (plan.restart, plan.writes, plan.is_nothing) == (True, False, False)


def test_modules_that_are_left_out_need_nothing_of_that_kind() -> None:
    new = FileVerdict("fresh", "fresh", Need.INSTALL, "the module is new")

    assert ApplyPlan.of([new]).without(Need.INSTALL, ["fresh"]).is_nothing


def test_terms_are_loaded_in_each_language_and_code_is_imported_anew() -> None:
    verdicts = [
        FileVerdict(f"notes/i18n/{code}.po", "notes", Need.TRANSLATIONS, "terms", languages=found)
        for code, found in (("fr", ("fr_BE", "fr_FR")), ("de", ("de_DE",)))
    ]

    plan = ApplyPlan.of(verdicts)

    assert dict(plan.translations) == {"notes": ("de_DE", "fr_BE", "fr_FR")}
    assert plan.restart


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("notes/models.py", False),
        ("notes/a.csv", False),
        ("notes/__manifest__.py", True),
        ("notes/views.xml", True),
        ("", True),
    ],
)
@pytest.mark.parametrize("need", [Need.RESTART, Need.UPGRADE])
def test_bundles_are_made_unless_only_code_and_lines_of_data_changed(
    need: Need, path: str, *, made: bool
) -> None:
    assert ApplyPlan.of([FileVerdict(path, "notes", need, "why")]).bundles is made
