"""What outlives a process of the product, in memory: engine, PostgreSQL, git servers, data folder.

    world = MemoryWorld(tmp_path)
    Process(world).ok("create_template", name="base")

A second process finds what the first one left, as a server does that is started again.
"""

from pathlib import Path

from oduflow.adapters.store import Store
from oduflow.domain.plan import Naming
from tests.support.empty_store import place_empty_store
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
        postgres: the cluster of team 1.
        disk_minimum: bytes that must be free before anything is made.
        team_users: the users of the host that teams have, by team.
        overlay_refusal: why filestores are copied; empty where they are overlays.
    """

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(mode=0o700)
        (self.data_dir / "reserve").touch()
        self.naming = Naming("memory", self.data_dir)
        self.engine = MemoryEngine(folder / "volumes")
        self.clusters: dict[str, MemoryPostgres] = {}
        self.postgres = self.cluster(TEAM)
        self.odoo = MemoryOdoo(self.engine, self._cluster_with)
        self.engine.program = self.odoo.program
        self.images = MemoryImages([image("odoo:19.0"), image("postgres:18")])
        self.firewall = MemoryFirewall()
        self.git = MemoryGitServer()
        self.disk_minimum = 0
        self.team_users: dict[str, int] = {}
        self.overlay_refusal = "an engine in memory mounts nothing"
        self._stores: list[Store] = []

    def cluster(self, team: str) -> MemoryPostgres:
        """Return a team's cluster, which runs while its container does."""
        if team not in self.clusters:
            number = len(self.clusters) + 1
            self.clusters[team] = MemoryPostgres(lambda: self._runs(team), f"700000000000{number}")
        return self.clusters[team]

    def open_store(self) -> Store:
        """Open the store, as a process does."""
        path = self.data_dir / "oduflow.db"
        if not path.exists():
            place_empty_store(path)
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
        own = {self.naming.database(team) for team in self.clusters}
        clusters = self.clusters.values()
        folders = [*self.data_dir.glob("team_*/*/*")]
        return {
            "containers": set(self.engine.containers) - own,
            "volumes": set(self.engine.volumes) - own,
            "databases": {name for each in clusters for name in each.databases},
            "roles": {name for each in clusters for name in {*each.roles, *each.reading}},
            "folders": {str(each) for each in folders if each.parent.name != "python"},
        }

    def _runs(self, team: str) -> bool:
        found = self.engine.containers.get(self.naming.database(team))
        return found is not None and found.status == "running"

    def _cluster_with(self, database: str) -> MemoryPostgres:
        return next(each for each in self.clusters.values() if database in each.databases)
