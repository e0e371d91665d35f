from datetime import UTC, datetime, timedelta

import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.grant import CreateGrant, expiry

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ("60", NOON + timedelta(seconds=60)),
        ("2026-05-06T12:00:00Z", NOON + timedelta(days=1)),
        ("2026-05-06T14:00:00+02:00", NOON + timedelta(days=1)),
        (str(90 * 86400), NOON + timedelta(days=90)),
    ],
)
def test_an_end_is_seconds_or_a_moment(asked, end):
    assert expiry(asked, NOON, None) == end


@pytest.mark.parametrize(("asked", "hours"), [("7d", 7 * 24), ("12h", 12), ("90 min", 1.5)])
def test_an_end_may_be_a_duration(asked, hours):
    assert expiry(asked, NOON, None) == NOON + timedelta(hours=hours)


def test_without_a_word_it_is_a_week_and_never_past_the_parents_end():
    assert expiry(None, NOON, None) == NOON + timedelta(days=7)
    assert expiry(None, NOON, NOON + timedelta(hours=2)) == NOON + timedelta(hours=2)
    assert expiry(None, NOON, NOON + timedelta(days=30)) == NOON + timedelta(days=7)


@pytest.mark.parametrize(
    "asked",
    [
        "0",
        "-5",
        str(90 * 86400 + 1),
        "9" * 40,
        "2026-05-05T11:59:59Z",
        "2027-01-01T00:00:00Z",
        "2026-05-06T12:00:00",
        "tomorrow",
        "٦٠",
        "",
    ],
)
def test_no_grant_is_for_ever_over_already_or_unclear(asked):
    with pytest.raises(Invalid, match="expires"):
        expiry(asked, NOON, None)


def test_an_agent_may_send_its_seconds_as_a_number():
    assert CreateGrant(name="ci", expires=60).expires == "60"  # type: ignore[arg-type]
    assert CreateGrant(name="ci", expires=None).expires is None
