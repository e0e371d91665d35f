"""The results of checking a team's credentials, in a file beside theirs, without any secret."""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from oduflow.adapters.git.credentials.entries import Entry, format_line
from oduflow.adapters.git.credentials.file import replace_whole, translated
from oduflow.domain.clock import rfc3339
from oduflow.domain.credential import CredentialState, Verdict

_KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class CredentialCheck:
    """The result of one check.

    Args:
        verdict: the provider's answer.
        proven: whether git could read a repository with it; None when that was not tried.
        checked_at: the time of the check.
    """

    verdict: Verdict
    proven: bool | None
    checked_at: datetime


class CredentialChecks:
    """The results of one team's checks, in a JSON file.

    A damaged file counts as empty, because every check can be repeated. Rows are found by a digest
    of the whole line, so that a new token is unchecked. The digest is as well protected as the line
    itself, which is in the same folder.

    Args:
        path: the file.
        lock: excludes other writers for a block.
    """

    def __init__(self, path: Path, lock: Callable[[], AbstractContextManager[object]]) -> None:
        self._path = path
        self._lock = lock

    def of(self, entries: Iterable[Entry]) -> dict[Entry, CredentialCheck]:
        """Return the entries that were checked, with their results."""
        rows = self._read()
        return {
            entry: check
            for entry in entries
            if (check := _check(rows.get(_key(entry)))) is not None
        }

    def put(self, entry: Entry, check: CredentialCheck, entries: Iterable[Entry]) -> None:
        """Store a check, and delete those of removed entries.

        Raises:
            Failure: see `CredentialFile.keep`.
        """
        verdict = check.verdict
        row = {
            "state": verdict.state,
            "login": verdict.login,
            "scopes": verdict.scopes,
            "expires_at": rfc3339(verdict.expires_at) if verdict.expires_at else None,
            "token_kind": verdict.token_kind,
            "detail": verdict.detail,
            "proven": check.proven,
            "checked_at": rfc3339(check.checked_at),
        }
        self._write({_key(entry): row}, entries)

    def forget_all_but(self, entries: Iterable[Entry]) -> None:
        """Delete the checks of removed entries.

        Raises:
            Failure: see `CredentialFile.keep`.
        """
        if self._path.exists():
            self._write({}, entries)

    def _write(self, more: dict[str, Any], entries: Iterable[Entry]) -> None:
        keys = {_key(entry) for entry in entries}
        with self._lock(), translated():
            rows = {**self._read(), **more}
            kept = {key: row for key, row in rows.items() if key in keys}
            replace_whole(self._path, json.dumps(kept, indent=1).encode())

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            rows = json.loads(self._path.read_bytes())
            return rows if isinstance(rows, dict) else {}
        return {}


def _key(entry: Entry) -> str:
    return hashlib.sha256(format_line(entry)).hexdigest()[:_KEY_DIGITS]


def _check(row: Any) -> CredentialCheck | None:
    with suppress(KeyError, TypeError, ValueError):
        expires = row["expires_at"]
        verdict = Verdict(
            CredentialState(row["state"]),
            row["login"],
            tuple(row["scopes"]),
            datetime.fromisoformat(expires) if expires else None,
            row["token_kind"],
            row["detail"],
        )
        return CredentialCheck(verdict, row["proven"], datetime.fromisoformat(row["checked_at"]))
    return None
