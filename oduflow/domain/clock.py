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
    except OverflowError:  # the year 1 east of Greenwich, the year 9999 west of it
        raise PydanticCustomError("no_utc", "it lies outside of the years 1 to 9999") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 with `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(since: datetime) -> str:
    """Say how long ago something was, as people do: `12 s`, `4 min`, `3 h`, `2 d`."""
    seconds = max(0, int((now() - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
