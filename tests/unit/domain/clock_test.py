from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter

from oduflow.domain.clock import PastMoment, age, duration_of, now, relative, rfc3339


def test_the_time_is_utc():
    assert now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 4, 5, 6, 7, 890123, UTC), "2026-03-04T05:06:07.890Z"),
        (datetime(2026, 3, 4, 5, 6, 7, 0, UTC), "2026-03-04T05:06:07.000Z"),
        (
            datetime(2026, 3, 4, 5, 6, 7, 0, timezone(timedelta(hours=2))),
            "2026-03-04T03:06:07.000Z",
        ),
    ],
)
def test_a_moment_is_written_in_utc_to_the_millisecond(moment, written):
    assert rfc3339(moment) == written
    assert datetime.fromisoformat(written) == moment.replace(
        microsecond=moment.microsecond // 1000 * 1000
    )


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=0.9), "0 s"),
        (timedelta(seconds=12), "12 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=58), "59 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=400), "400 d"),
        (timedelta(minutes=-5), "0 s"),
    ],
)
def test_an_age_is_said_as_people_do(ago, said):
    assert age(now() - ago) == said


@pytest.mark.parametrize(
    ("said", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("30 min", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1 week", timedelta(days=7)),
    ],
)
def test_a_time_in_the_past_may_be_said_as_a_duration(said, age):
    moment = TypeAdapter(PastMoment).validate_python(said)

    assert abs(now() - age - moment) < timedelta(seconds=5)
    assert duration_of(said) == age


def test_yesterday_is_the_midnight_before_the_last():
    yesterday = TypeAdapter(PastMoment).validate_python("yesterday")

    assert (yesterday.hour, yesterday.minute) == (0, 0)
    assert timedelta(days=1) <= now() - yesterday < timedelta(days=2)


@pytest.mark.parametrize("said", ["soon", "7", "7 moons", "-2h", ""])
def test_other_texts_are_no_durations(said):
    assert duration_of(said) is None


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(minutes=-2, seconds=-5), "2 min ago"),
        (timedelta(0), "0 s ago"),
        (timedelta(seconds=30, milliseconds=500), "in 30 s"),
        (timedelta(hours=12, seconds=-9), "in 12 h"),
        (timedelta(days=7, seconds=-9), "in 7 d"),
    ],
)
def test_a_moment_is_told_from_now(distance: timedelta, said: str):
    assert relative(now() + distance) == said
