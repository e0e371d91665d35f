"""Time, always UTC."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first hours of year 1 and the last of 9999, by offset
        raise PydanticCustomError("no_utc", "it lies outside of the years 1 to 9999") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 with `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(since: datetime) -> str:
    """Return how long ago a moment was, for people: `12 s`, `4 min`, `3 h`, `2 d`."""
    seconds = max(0, int((now() - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
