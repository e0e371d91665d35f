import xml.etree.ElementTree as ET

import pytest

from oduflow.domain import test_report
from oduflow.domain.outcome import Status
from oduflow.domain.output import MAX_CHARACTERS
from oduflow.domain.test_report import junit_xml, report_text
from oduflow.domain.test_result import CaseCounts, CaseOutcome, CaseResult
from oduflow.domain.test_run import TestRun
from tests.support.store_rows import MOMENT

HOSTILE = "a\x00b\x1b[1m <&\"'> ]]> é\nsecond line"
TRACE = "Traceback é\n" * 20


def result(method: str, outcome: CaseOutcome, module: str = "sale", **more: object) -> CaseResult:
    id_ = f"odoo.addons.{module}.tests.test_it.TestIt.{method}"
    tag = f"/{module}:TestIt.{method}"
    return CaseResult.model_validate(
        {"id": id_, "test": tag, "module": module, "outcome": outcome, "seconds": 0.5, **more}
    )


RESULTS = (
    result("test_ok", CaseOutcome.PASSED),
    result("test_bad", CaseOutcome.FAILED, message=HOSTILE, trace=HOSTILE, file="x.py", line=3),
    result("test_broken", CaseOutcome.ERROR, "crm", message="boom"),
    result("test_lost", CaseOutcome.NEVER_RUN, "crm", message="Odoo did not run it."),
    result("test_tour", CaseOutcome.SKIPPED, message="no browser"),
    CaseResult(test="/crm", module="crm", outcome=CaseOutcome.ERROR, message="no import"),
)


def test_junit_xml_can_be_parsed_with_any_text_in_it():
    root = ET.fromstring(junit_xml(run(), "shop", RESULTS))  # noqa: S314 - our own

    assert root.attrib == {
        "name": "shop",
        "tests": "6",
        "failures": "1",
        "errors": "3",
        "skipped": "1",
        "time": "9.500",
    }
    crm, sale = root
    assert [(each.get("name"), each.get("tests"), each.get("time")) for each in root] == [
        ("crm", "3", "1.000"),
        ("sale", "3", "1.500"),
    ]
    (bad,) = [case for case in sale if case.get("name") == "test_bad"]
    assert bad.get("classname") == "sale.tests.test_it.TestIt"
    assert (bad.get("file"), bad.get("line")) == ("x.py", "3")
    failure = bad[0]
    assert failure.tag == "failure"
    assert failure.text is not None
    assert "<&\"'> ]]>" in failure.text
    assert "second line" in failure.text
    assert "second line" not in failure.attrib["message"]
    assert [case[0].get("type") for case in crm] == ["error", "never_run", "error"]


def test_junit_xml_that_would_be_cut_leaves_the_traces_out(monkeypatch):
    whole = junit_xml(run(), "shop", RESULTS)
    monkeypatch.setattr(test_report, "MOST_XML", len(whole) - 1)

    text = junit_xml(run(), "shop", RESULTS)

    assert ET.fromstring(text).get("failures") == "1"  # noqa: S314 - our own
    assert "second line" not in text


@pytest.mark.parametrize(
    ("most", "kept", "lost"),
    [
        (0.99, "<skipped message=", "Traceback"),
        (0.45, "test_ok", "message="),
        (0.25, "test_bad", "test_ok"),
        (0.05, 'failures="50"', "<testcase"),
    ],
)
def test_junit_xml_that_is_too_long_in_bytes_is_whole_with_less_in_it(
    monkeypatch, most, kept, lost
):
    results = [
        *(
            result("test_bad", CaseOutcome.FAILED, message="é" * 150, trace=TRACE)
            for _ in range(50)
        ),
        *(result("test_tour", CaseOutcome.SKIPPED, message="é" * 150) for _ in range(50)),
        *(result("test_ok", CaseOutcome.PASSED) for _ in range(100)),
    ]
    whole = junit_xml(run(), "shop", results)
    limit = int(len(whole.encode()) * most)
    monkeypatch.setattr(test_report, "MOST_XML", limit)

    text = junit_xml(run(), "shop", results)

    assert ET.fromstring(text).get("tests") == "200"  # noqa: S314 - our own
    assert len(text.encode()) <= limit
    assert kept in text
    assert lost not in text


def test_no_line_of_junit_xml_is_longer_than_a_page_of_an_output():
    long = '"' * 4000
    bad = result("test_bad", CaseOutcome.FAILED, message=long[:2000], trace=long, file=long[:400])

    text = junit_xml(run(), "shop", [bad])

    assert max(map(len, text.splitlines())) < MAX_CHARACTERS


def test_the_text_begins_with_what_failed_and_names_every_test():
    text = report_text(run(), RESULTS)

    lines = text.splitlines()
    assert lines[:2] == ["It ended.", "Odoo's own counts: 1 failed."]
    assert text.index("ERROR /crm:TestIt.test_broken") < text.index("FAILED /sale:TestIt.test_bad")
    assert lines[-2:] == [
        "skipped      0.500 s  /sale:TestIt.test_tour: no browser",
        "passed       0.500 s  /sale:TestIt.test_ok",
    ]


def test_a_long_report_says_how_many_tests_it_leaves_out(monkeypatch):
    monkeypatch.setattr(test_report, "MOST_TEXT", 400)
    bad = [result(f"test_{n}", CaseOutcome.FAILED, message="é" * 60) for n in range(9)]

    text = report_text(run(), bad)

    assert len(text.encode()) < 600
    assert text.count("[8 more tests left out here.]") == 1
    assert text.endswith("more tests left out here.]")


def test_counts_say_what_became_of_every_test():
    counts = CaseCounts.of(RESULTS)

    assert counts.sentence == "1 failed, 2 errors, 1 never run, 1 skipped, 1 passed of 5 tests"
    assert CaseCounts().sentence == "0 passed of 0 tests"


def run() -> TestRun:
    return TestRun(
        id="abcdefgh2345",
        environment="e",
        team="1",
        status=Status.FAILED,
        modules=("sale",),
        tags="",
        failed_of="",
        commit="",
        created_by="ada",
        created_at=MOMENT,
        job="",
        seconds=9.5,
        summary="It ended.",
        odoo="1 failed",
    )
