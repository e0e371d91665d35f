"""The links that sign a browser in: a file for each, `links/<SHA-256 of its token>`.

The token itself is kept nowhere. The file has the session, so it is as secret as the passwords of
environments, and gone when the link was opened or has ended.
"""

import hashlib
import json
import secrets
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from oduflow.domain.clock import now
from oduflow.domain.odoo_session import LINK_SECONDS, SessionLink
from oduflow.files.private import make_folder, replace_file, writing
from oduflow.files.regular import read_regular

_TIMES = ("opens_until", "expires_at")
_TOKEN_BYTES = 32
_MAX_BYTES = 16 << 10


class LinkFiles:
    """Keeps links below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @writing()
    def add(self, link: SessionLink) -> str:
        """Store a link and return its token.

        Raises:
            QuotaReached: the disk is full.
            UpstreamFailed: the folder cannot be written.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        values = asdict(link)
        values |= {name: values[name].isoformat() for name in _TIMES}
        make_folder(self._folder)
        replace_file(self._path(token), json.dumps(values).encode())
        return token

    def find(self, token: str) -> SessionLink | None:
        """Return the link of a token; None if there is none, or no longer."""
        return _read(self._path(token))

    def take(self, token: str) -> SessionLink | None:
        """Return the link of a token and remove it: of calls at one time only one gets it."""
        taken = self._path(token).with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._path(token).rename(taken)
        except FileNotFoundError:
            return None
        try:
            return _read(taken)
        finally:
            taken.unlink(missing_ok=True)  # pruned meanwhile

    def prune(self) -> int:
        """Remove what has ended; return how many."""
        removed = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError):  # it was opened meanwhile
                if path.stat().st_mtime < time.time() - LINK_SECONDS:
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, token: str) -> Path:
        return self._folder / hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read(path: Path) -> SessionLink | None:
    text = read_regular(path, _MAX_BYTES)
    if text is None:
        return None
    values = json.loads(text)
    link = SessionLink(
        **{**values, **{name: datetime.fromisoformat(values[name]) for name in _TIMES}}
    )
    return link if link.opens_until > now() else None
