"""What outlives a process of the product, in memory: engine, PostgreSQL, git servers, data folder.

    world = MemoryWorld(tmp_path)
    Process(world).ok("create_template", name="base")

A second process finds what the first one left, as a server does that is started again.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.adapters.store import Store
from oduflow.domain.plan import Naming
from tests.support.memory.engine import MemoryEngine
from tests.support.memory.firewall import MemoryFirewall
from tests.support.memory.git import MemoryGitServer
from tests.support.memory.images import MemoryImages, image
from tests.support.memory.odoo import MemoryOdoo
from tests.support.memory.postgres import MemoryPostgres

TEAM = "1"
BLUE = """
[team.1]
auth_token = "a-token-for-tests-only-1"
ui_password = "a-password-for-tests-1"
"""
RED = """
[team.2]
auth_token = "a-token-for-tests-only-2"
ui_password = "a-password-for-tests-2"
"""


class MemoryWorld:
    """What outlives a process: the engine, PostgreSQL, git servers, the data folder.

    Attributes:
        disk_minimum: bytes that must be free before anything is made.
    """

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        (self.data_dir / "reserve").touch()
        self.naming = Naming("memory", self.data_dir)
        self.engine = MemoryEngine(folder / "volumes")
        self.postgres = MemoryPostgres(running=self._database_runs)
        self.odoo = MemoryOdoo(self.engine, self.postgres)
        self.engine.program = self.odoo.program
        self.images = MemoryImages([image("odoo:19.0"), image("postgres:18")])
        self.firewall = MemoryFirewall()
        self.git = MemoryGitServer()
        self.disk_minimum = 0
        self._stores: list[Store] = []

    def open_store(self) -> Store:
        """Open the store, as a process does."""
        path = self.data_dir / "oduflow.db"
        if not path.exists():
            path.write_bytes(_migrated())
        store = Store(path)
        self._stores.append(store)
        store.migrate()
        return store

    def close(self) -> None:
        """Close the files of every process."""
        for store in self._stores:
            store.close()

    def everything(self) -> dict[str, set[str]]:
        """Name all that there is, for a comparison; python packages are shared and stay."""
        own = {self.naming.database}
        folders = [*self.data_dir.glob("team_*/*/*")]
        return {
            "containers": set(self.engine.containers) - own,
            "volumes": set(self.engine.volumes) - own,
            "databases": set(self.postgres.databases),
            "roles": set(self.postgres.roles),
            "folders": {str(each) for each in folders if each.parent.name != "python"},
        }

    def _database_runs(self) -> bool:
        found = self.engine.containers.get(self.naming.database)
        return found is not None and found.status == "running"


@cache
def _migrated() -> bytes:
    """Migrate an empty store once: it takes longer than a test."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "oduflow.db")
        store.migrate()
        store.close()
        return store.path.read_bytes()
