"""Time, always UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DURATION = re.compile(r"(\d{1,6})\s*(s|sec|min|m|h|hours?|d|days?|w|weeks?)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first hours of year 1 and the last of 9999, by offset
        raise PydanticCustomError("no_utc", "it lies outside of the years 1 to 9999") from None


def duration_of(text: str) -> timedelta | None:
    """Parse a duration such as `90s`, `30 min`, `2h`, `7d` or `1w`; None for any other text."""
    found = _DURATION.fullmatch(text.strip())
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2][0].lower()]) if found else None


def _past(value: object) -> object:
    """Convert a duration before now, `today` and `yesterday` (midnight, UTC) to a moment."""
    if not isinstance(value, str):
        return value
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": midnight, "yesterday": midnight - timedelta(days=1)}
    if (word := value.strip().lower()) in days:
        return days[word]
    duration = duration_of(value)
    return value if duration is None else now() - duration


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
PastMoment = Annotated[
    AwareDatetime,
    BeforeValidator(_past),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string"}),  # not date-time: a client would refuse 2h
]


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 with `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def relative(moment: datetime) -> str:
    """Return how far a moment is from now, for people: `4 min ago`, `in 6 d`."""
    later = moment - now()
    if later <= timedelta(seconds=1):
        return f"{age(moment)} ago"
    # A moment in seven days is still that a few seconds later.
    rounded = later + timedelta(minutes=1 if later > timedelta(hours=1) else 0)
    return f"in {age(now() - rounded)}"


def age(since: datetime) -> str:
    """Return how long ago a moment was, for people: `12 s`, `4 min`, `3 h`, `2 d`."""
    seconds = max(0, int((now() - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
