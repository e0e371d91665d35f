from typing import Any

import pytest

from oduflow.domain import test_records
from oduflow.domain.test_records import TestRecords

ID = "odoo.addons.sale.tests.test_order.TestOrder.test_total"
PLANNED = {"planned": [[ID, "sale", "/sale:TestOrder.test_total"]]}


def ended(**changes: Any) -> dict[str, Any]:
    said = {"id": ID, "seconds": 1.5, "outcome": "passed", "reason": "", "problems": []}
    return {"end": said | changes}


def test_a_file_of_the_checkout_is_named_from_the_repositorys_root_on(records):
    problem = {"kind": "error", "type": "E", "message": "m", "file": "/mnt/repo/addons/sale/x.py"}
    records.add(PLANNED)

    records.add(ended(outcome="error", problems=[problem | {"line": 7}]))

    (result,) = records.results("")
    assert (result.file, result.line) == ("sale/x.py", 7)


def test_every_part_of_a_test_is_in_its_message_and_counted_as_odoo_does(records):
    parts = [
        {"kind": "failed", "type": "AssertionError", "message": str(n), "sub": f"(n={n})"}
        for n in range(2)
    ]
    records.add(PLANNED)

    records.add(ended(outcome="failed", problems=parts))

    (result,) = records.results("")
    assert result.message == "(n=0): AssertionError: 0\n(n=1): AssertionError: 1"
    assert records.problems == {"failed": 2, "error": 0}


def test_progress_is_how_many_ended_and_how_many_failed(records):
    assert records.progress == "0 of 0"
    records.add(PLANNED)
    assert records.progress == "0 of 1"

    records.add(ended(outcome="failed", problems=[{"kind": "failed"}]))

    assert records.progress == "1 of 1, 1 failed"


def test_a_test_that_ran_when_the_run_ended_is_an_error(records):
    records.add(PLANNED)
    records.add({"begin": ID})

    (result,) = records.results("The time was over.")

    assert (result.outcome, result.message) == ("error", "The time was over.")


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"unknown": 1},
        {"planned": 7},
        {"planned": [[1]]},
        {"begin": None},
        {"end": {}},
        {"end": {"id": ID, "seconds": "x", "outcome": "passed", "problems": []}},
        {"end": {"id": ID, "seconds": 10**400, "outcome": "passed", "problems": []}},
        {"end": {"id": ID, "seconds": 1, "outcome": "great", "problems": []}},
        {"problem": {"kind": "error", "class": "x", "line": float("inf")}},
        {"end": {"id": ID, "seconds": 1, "outcome": "error", "problems": [7]}},
        {"problem": {}},
        {"done": 7},
        {"done": {"odoo": {"failed": "x"}}},
        {"done": {"odoo": {"failed": float("inf")}}},
    ],
)
def test_a_record_of_another_form_is_left_out(records, record):
    records.add(PLANNED)

    records.add(record)

    (result,) = records.results("")
    assert result.outcome in {"never_run", "error"}


def test_a_result_of_a_test_that_was_not_planned_is_left_out(records):
    records.add(ended())

    assert records.results("") == ()


def test_secrets_in_messages_are_masked_and_seconds_are_finite(records):
    records.add(PLANNED)
    message = "GET https://me:secret@example.com failed"
    problem = {"kind": "error", "type": "E", "message": message, "trace": message}

    records.add(ended(outcome="error", seconds=1e400, problems=[problem]))

    (result,) = records.results("")
    assert "secret" not in result.message + result.trace
    assert result.seconds == 0.0


def test_a_text_that_is_no_unicode_is_kept(records):
    records.add(PLANNED)

    records.add(ended(outcome="skipped", reason="half a \ud800 pair"))

    assert records.results("")[0].message == "half a ? pair"


def test_more_tests_than_any_odoo_has_are_not_kept(records, monkeypatch):
    monkeypatch.setattr(test_records, "MOST_TESTS", 2)

    records.add({"planned": [[str(n), "sale", "t"] for n in range(5)]})

    assert len(records.planned) == 2


def test_only_classes_of_planned_tests_are_kept(records):
    records.add(PLANNED)
    planned = ID.rpartition(".")[0]

    for class_ in (planned, *(f"odoo.addons.sale.tests.Other{n}" for n in range(3))):
        records.add({"problem": {"class": class_, "kind": "skipped", "message": "x"}})
        records.add({"problem": {"class": class_, "kind": "error", "method": "setUpClass"}})

    assert records.skipped_classes == {planned: "x"}
    assert records.broken_classes == {planned}
    assert len(records.others) == 4


@pytest.mark.parametrize("outcomes", [("failed", "passed"), ("passed", "failed")])
def test_of_a_test_that_runs_twice_the_worse_outcome_is_kept(records, outcomes):
    records.add(PLANNED)
    records.add(PLANNED)

    for outcome in outcomes:
        records.add(ended(outcome=outcome, reason=outcome))

    (result,) = records.results("")
    assert (result.outcome, result.message) == ("failed", "failed")
    assert records.ends == 2


def test_the_texts_of_a_run_are_bounded_together(records, monkeypatch):
    monkeypatch.setattr(test_records, "MOST_TEXTS", 2500)
    problem = {"kind": "error", "message": "m" * 1000, "trace": "t" * 1000}
    ids = [f"odoo.addons.sale.tests.TestIt.test_{n}" for n in range(3)]
    records.add({"planned": [[each, "sale", "t"] for each in ids]})

    for each in ids:
        records.add(ended(id=each, outcome="error", problems=[problem]))
    records.add({"problem": {"module": "sale", **problem}})

    other, *results = records.results("")
    assert [(len(each.message), len(each.trace)) for each in (*results, other)] == [
        (1000, 1000),
        *[(200, 0)] * 3,
    ]


def test_a_reason_of_many_tests_is_short(records):
    records.add(PLANNED)

    assert len(records.results("x" * 1000)[0].message) == 200


@pytest.fixture
def records() -> TestRecords:
    return TestRecords("/mnt/repo/addons")
