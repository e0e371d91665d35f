"""Uploads in a dictionary; see the contract suite of the web's parts."""

from dataclasses import dataclass, field, replace

from oduflow.blueprints.ports import PartContent
from oduflow.domain.errors import Conflict
from oduflow.domain.upload import Upload, no_upload


@dataclass
class FakeUploads:
    """Uploads of every team, with the bytes that arrived."""

    rows: dict[str, Upload] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def find(self, team: str, name: str) -> Upload:
        if name not in self.rows or self.rows[name].team != team:
            raise no_upload(name)
        return self.rows[name]

    def append(
        self, team: str, name: str, offset: int, content: PartContent, length: int
    ) -> Upload:
        row = self.find(team, name)
        if offset != row.received:
            raise Conflict(f"The next part begins at {row.received}, not at {offset}.")
        self.contents[name] = self.contents.get(name, b"") + content.read(length)
        self.rows[name] = replace(row, received=len(self.contents[name]))
        return self.rows[name]
