import pytest

from oduflow.domain.audit.chain import Sealer
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.isolation import (
    IsolationReport,
    ProbeResult,
    ProbeVerdict,
    read_signed,
    signed_text,
)

PROBE = ProbeResult(
    name="locks",
    tried="take them",
    expected=ProbeVerdict.REFUSED,
    found="the other team works",
    verdict=ProbeVerdict.REFUSED,
)
CONTROL = PROBE.model_copy(
    update={"expected": ProbeVerdict.REACHED, "verdict": ProbeVerdict.REACHED}
)


def sign(text: str, key: str = "a key") -> str:
    return Sealer(key).sign("isolation report", text)


def report(*probes: ProbeResult) -> IsolationReport:
    return IsolationReport(
        instance="oduflow",
        oduflow="1.0",
        engine="28.0",
        kernel="6.1",
        image="odoo:19.0",
        started="2026-11-29T09:00:00.000Z",
        ended="2026-11-29T09:00:30.000Z",
        probes=probes,
    )


@pytest.mark.parametrize(
    ("expected", "verdict", "ok"),
    [
        ("refused", "refused", True),
        ("refused", "not measured", True),
        ("refused", "reached", False),
        ("reached", "reached", True),
        ("reached", "not measured", False),
        ("reached", "refused", False),
    ],
)
def test_a_hole_and_a_control_that_failed_are_both_problems(expected, verdict, ok):
    probe = PROBE.model_copy(
        update={"expected": ProbeVerdict(expected), "verdict": ProbeVerdict(verdict)}
    )

    assert report(CONTROL, probe).isolated is ok
    assert report(CONTROL, probe).problems == (() if ok else (probe,))


def test_a_report_without_probes_proves_nothing():
    assert not report().isolated


def test_a_signed_report_is_read_back():
    assert read_signed(signed_text(report(PROBE), sign), sign) == report(PROBE)


def test_a_change_of_any_byte_is_noticed():
    text = signed_text(report(PROBE), sign)

    for place in range(len(text)):
        changed = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
        with pytest.raises((Conflict, Invalid)):
            read_signed(changed, sign)


@pytest.mark.parametrize("spoiled", [lambda text: text[:-1], lambda text: f"{text} ", str.upper])
def test_more_less_and_other_text_is_noticed(spoiled):
    with pytest.raises((Conflict, Invalid)):
        read_signed(spoiled(signed_text(report(PROBE), sign)), sign)


def test_another_instance_did_not_sign_it():
    text = signed_text(report(PROBE), lambda text: sign(text, "another key"))

    with pytest.raises(Conflict, match="another instance"):
        read_signed(text, sign)


def test_a_signature_of_another_purpose_does_not_fit():
    text = signed_text(report(PROBE), lambda text: Sealer("a key").sign("something else", text))

    with pytest.raises(Conflict):
        read_signed(text, sign)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"signature": "x"}', "not JSON"])
def test_what_is_no_report_is_said_so(text):
    with pytest.raises(Invalid, match="no report"):
        read_signed(text, sign)
