from oduflow.domain.comparison.changes import Change
from oduflow.domain.comparison.kinds import KINDS, DiffSection
from oduflow.domain.comparison.records import ChangeKind
from oduflow.domain.comparison.report import MOST_TEXT, ComparisonReport

SALE = Change(ChangeKind.ADDED, "ir.module.module", "sale", ("latest_version: 19.0.1.2",))
STOCK = Change(ChangeKind.CHANGED, "ir.module.module", "stock", ("latest_version: 1 → 2",))
FORM = Change(ChangeKind.CHANGED, "ir.ui.view", "base.form", (), "--- a\n+++ a\n-x\n+y")


def report(*changes: Change, **more) -> ComparisonReport:
    return ComparisonReport(
        "demo", "template base", "demo", tuple(DiffSection), changes, "Left out: x.", **more
    )


def test_the_summary_counts_what_differs():
    assert report(SALE, STOCK, FORM).summary == (
        "demo against template base: modules: 1 installed, 1 updated; views: 1 changed."
    )
    assert report().summary == "demo against template base: no differences."


def test_the_text_has_every_change_below_its_section():
    text = report(SALE, STOCK, FORM, notes={DiffSection.ROWS: "Estimated: big."}).text()

    assert text.split("\n\n", 1)[1] == "\n".join(
        [
            *("Modules: 1 installed, 1 updated", "+ sale", "    latest_version: 19.0.1.2"),
            *("~ stock", "    latest_version: 1 → 2", ""),
            *("Views: 1 changed", "~ base.form", "    --- a", "    +++ a", "    -x", "    +y", ""),
            *("Rows: no differences", "  (Estimated: big.)"),
        ]
    )


def test_a_small_report_is_shown_whole():
    view, is_part = report(SALE, FORM).view()

    assert not is_part
    assert [(each.section, each.added, each.changed) for each in view.sections] == [
        ("modules", 1, 0),
        ("views", 0, 1),
    ]
    assert view.sections[1].changes[0].diff == FORM.diff


def test_however_much_differs_the_view_fits_into_an_answer_and_counts_all():
    changes = [
        Change(
            ChangeKind.CHANGED,
            kind,
            f"{kind}.{number}" * 8,
            ("a: " + "x" * 900,) * 40,
            "é\n" * 9000,
        )
        for kind in KINDS
        for number in range(50)
    ]

    view, is_part = report(*changes).view()

    assert is_part
    assert sum(each.changed for each in view.sections) == len(changes)
    assert all(each.changes for each in view.sections)
    assert len(view.model_dump_json()) < 28_000


def test_one_section_alone_gets_the_whole_room():
    fields = [
        Change(ChangeKind.ADDED, "ir.model.fields", f"res.partner.x_{number}")
        for number in range(90)
    ]
    [section] = report(*fields).view()[0].sections

    assert len(section.changes) == 90


def test_the_whole_text_is_limited_and_says_so():
    huge = [Change(ChangeKind.ADDED, "ir.ui.view", str(n), (), "y" * 60_000) for n in range(99)]

    text = report(*huge).text()

    assert len(text) < MOST_TEXT + 200
    assert text.splitlines()[-1].startswith("… The report is longer.")
