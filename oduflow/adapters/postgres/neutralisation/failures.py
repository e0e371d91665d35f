"""Name the rule, the field or the script whose statement the database refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from oduflow.domain.neutralised import NotNeutralised

_SHOWN = 500
_ODD = re.compile(r"[^A-Za-z0-9_.$]")


@contextmanager
def naming(step: str, hint: str) -> Iterator[None]:
    """Raise NotNeutralised when the database refuses a statement because of what it holds.

    Lost connections, time limits and cancellations keep their own errors.

    Args:
        step: what was done, such as “rule websites”.
        hint: the next step.
    """
    try:
        yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error as cause:
        raise NotNeutralised(
            f"The database was not neutralised: {step} failed.", hint, output=said_by(cause)
        ) from cause


def said_by(cause: psycopg.Error) -> str:
    """Return the server's message in one line, shortened; code in the database can choose it."""
    return " ".join((cause.diag.message_primary or str(cause)).split())[:_SHOWN]


def shown_name(name: object) -> str:
    """Return a name that the database chose as one word: it cannot hide a sentence."""
    return _ODD.sub("?", str(name))
