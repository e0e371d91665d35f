"""Links that sign a browser in, in a dictionary; see the contract suite of links."""

import secrets
from dataclasses import dataclass, field

from oduflow.domain.clock import now
from oduflow.domain.odoo_session import SessionLink


@dataclass
class FakeLinks:
    """Has the methods of `adapters.links.files.LinkFiles` that the faces call, and `add`."""

    made: dict[str, SessionLink] = field(default_factory=dict)

    def add(self, link: SessionLink) -> str:
        token = secrets.token_urlsafe(32)
        self.made[token] = link
        return token

    def find(self, token: str) -> SessionLink | None:
        return self._open(self.made.get(token))

    def take(self, token: str) -> SessionLink | None:
        return self._open(self.made.pop(token, None))

    @staticmethod
    def _open(found: SessionLink | None) -> SessionLink | None:
        return found if found is not None and found.opens_until > now() else None
