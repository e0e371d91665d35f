"""The errors of the product.

Failure
├── Invalid           an argument or a configuration value is wrong
├── Unauthenticated   no credential, or a wrong one
├── Forbidden         the caller is known, but not allowed
├── NotFound          no such thing in the caller's team
├── Conflict          the thing exists, but differs or is in the wrong state
├── Busy              another call is working on it; names the holder and its age
├── QuotaReached      a limit of the team or of the machine
│   └── NoRoom        files would not fit; says by how many bytes, and where
├── RateLimited       too many attempts; says when to come back
├── Cancelled         stopped on request
├── UpstreamFailed    Docker, PostgreSQL, git or a provider did not do its part
│   ├── CommandFailed a caller's command or code in an environment failed
│   ├── NotProven     a rollback ended, but not every part is the snapshot's
│   └── OdooFailed    an environment's Odoo failed; the failed environment is kept
└── Internal          a defect of the product

`message`, `hint` and `next` may be shown to the caller; `__cause__` stays in the log.
"""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from oduflow.domain.next_call import Next


class Kind(StrEnum):
    """The kind of a failure, the same in every face."""

    BUSY = "busy"
    CANCELLED = "cancelled"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    INTERNAL = "internal"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    UNAUTHENTICATED = "unauthenticated"
    UPSTREAM = "upstream"


class Failure(Exception):
    """An error for the caller: a message and the next step.

    Args:
        message: one sentence, no secret, no path of the server.
        hint: the next step in words that fit every face: it names no operation.
        calls: the calls that are worth making next.
        output: last lines of a log or a traceback that explain the failure; untrusted data.
        whole: the text that `output` is a part of; empty when `output` is all of it.

    Attributes:
        handle: of the stored output that holds `whole`; empty until it is stored.
    """

    kind: ClassVar[Kind]

    def __init__(
        self, message: str, hint: str = "", *calls: Next, output: str = "", whole: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.next = calls
        self.output = output
        self.whole = whole or output
        self.handle = ""
        self.snapshot = ""  # taken before the work that failed
        self.argument = ""  # the argument that is wrong, where it is known: forms mark its field


class Invalid(Failure):
    """An argument or a configuration value is wrong."""

    kind = Kind.INVALID


class Unauthenticated(Failure):
    """No credential, or a wrong one."""

    kind = Kind.UNAUTHENTICATED


class Forbidden(Failure):
    """The caller is known, but not allowed."""

    kind = Kind.FORBIDDEN


class NotFound(Failure):
    """No such thing in the caller's team."""

    kind = Kind.NOT_FOUND


class Conflict(Failure):
    """The thing exists, but differs or is in the wrong state."""

    kind = Kind.CONFLICT


class Busy(Failure):
    """Another call is working on it."""

    kind = Kind.BUSY


class QuotaReached(Failure):
    """A limit of the team or of the machine."""

    kind = Kind.QUOTA


class NoRoom(QuotaReached):
    """Files that work is about to write do not fit, or not into what the team may fill.

    Args:
        message: one sentence with the numbers.
        hint: the next step.
        missing: how many bytes more must be free.
        disk: a folder on the disk that they do not fit on; None where the team may fill no more.
    """

    def __init__(
        self, message: str, hint: str = "", *, missing: int, disk: Path | None = None
    ) -> None:
        super().__init__(message, hint)
        self.missing = missing
        self.disk = disk


class RateLimited(Failure):
    """Too many attempts.

    Args:
        message: one sentence.
        hint: the next step.
        calls: the calls that are worth making next.
        retry_after: seconds until the next attempt may succeed.
    """

    kind = Kind.RATE_LIMITED

    def __init__(self, message: str, hint: str = "", *calls: Next, retry_after: int) -> None:
        super().__init__(message, hint, *calls)
        self.retry_after = retry_after


class Cancelled(Failure):
    """Stopped on request."""

    kind = Kind.CANCELLED


class UpstreamFailed(Failure):
    """Docker, PostgreSQL, git or a provider did not do its part."""

    kind = Kind.UPSTREAM


class OdooFailed(UpstreamFailed):
    """An environment's Odoo did not install or serve; the failed environment is kept."""


class CommandFailed(UpstreamFailed):
    """A caller's command or code in an environment failed; `output` is what it printed last."""


class NotProven(UpstreamFailed):
    """A rollback ended, but not every part is the snapshot's; the environment is stopped."""


class Internal(Failure):
    """A defect of the product."""

    kind = Kind.INTERNAL
