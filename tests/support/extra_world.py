"""Extra repos on a real git server, a real store and real locks, without an engine."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.store import Environments, ExtraRepos, Snapshots, Templates
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.extra_repo import AddExtraRepo, ExtraRepo, ExtraRepoView
from oduflow.domain.names import new_id
from oduflow.domain.plan import ExtraRepoPlan, Naming
from oduflow.kernel.call import Call, Origin
from oduflow.services.extra_repos import checkouts as extra_checkouts
from oduflow.services.extra_repos.add import ensure_extra_repo
from oduflow.services.extra_repos.update import fetch_branches
from oduflow.services.extra_repos.view import find_extra_repo
from oduflow.services.failpoints import Failpoints
from oduflow.services.server.disk import Disk
from oduflow.settings import parse
from tests.support.empty_store import open_empty_store
from tests.support.git_server import GitServer
from tests.support.parts import deps_of
from tests.support.store_rows import environment, template

MODULE = {"web_dark/__manifest__.py": '{"name": "Dark"}', "web_dark/__init__.py": ""}


@dataclass
class ExtraWorld:
    """Two teams, a git server, and the services of extra repos."""

    folder: Path
    server: GitServer
    lines: list[str] = field(default_factory=list)
    cancelled: bool = False

    def __post_init__(self) -> None:
        self.store = open_empty_store(self.folder / "store.sqlite")
        self.naming = Naming("oduflow", self.folder)
        self.limits = RepositoryLimits(ask_seconds=20)
        self.deps: Any = deps_of(
            settings=parse("[team.1]\n[team.2]\nui_password = 'another-password-2'\n"),
            naming=self.naming,
            locks=FileLocks(self.folder / "locks"),
            failpoints=Failpoints(self.folder / "failpoints", enabled=False),
            environments=Environments(self.store),
            extra_repos=ExtraRepos(self.store),
            snapshots=Snapshots(self.store),
            repositories=GitRepositories(
                allowed_hosts=(self.server.authority,), limits=self.limits
            ),
            infrastructure=SimpleNamespace(disk=Disk(self.folder, minimum=0)),
        )
        Templates(self.store).add(template())

    def call(self, team: str = "1") -> Call:
        return Call(
            Actor(team, ActorKind.CLI, "tester"),
            Origin("cli"),
            _report=lambda progress: self.lines.append(progress.message),
            _cancel_requested=lambda: self.cancelled,
        )

    def publish(self, name: str = "web", **branches: Any) -> str:
        """Commit to a repository; return its URL."""
        shaped = {each.replace("_", "."): files for each, files in branches.items()}
        return self.server.repository(name, shaped or {"main": MODULE})

    def add(self, url: str, name: str = "web", team: str = "1", **more: str) -> ExtraRepoView:
        args = AddExtraRepo(name=name, repo_url=url, **more)
        return ensure_extra_repo(self.deps, self.call(team), args).data

    def update(self, name: str = "web") -> tuple[ExtraRepo, tuple[str, ...]]:
        return fetch_branches(self.deps, self.call(), self.row(name))

    def row(self, name: str = "web", team: str = "1") -> ExtraRepo:
        return find_extra_repo(self.deps.store.extra_repos, team, name)

    def environment(self, name: str, *references: str, team: str = "1") -> Environment:
        """Make an environment's row and give it its extra repos."""
        row = self.reserve(name, *references, team=team)
        row = extra_checkouts.check_out_extra_repos(
            self.deps, self.call(team), row, self.lines.append
        )
        return self.deps.store.environments.update(row.id, state=EnvironmentState.RUNNING)  # type: ignore[no-any-return]

    def reserve(self, name: str, *references: str, team: str = "1") -> Environment:
        pins = extra_checkouts.choose_pins(self.deps.store.extra_repos, team, references)
        own = ("/mnt/repo/addons",)
        row = environment(id=new_id(), name=name, team=team, extra_repos=pins, addons=own)
        self.deps.store.environments.add(row)
        return row

    def forget(self, row: Environment) -> None:
        """Release an environment's extra repos, as teardown does."""
        extra_checkouts.release_checkouts(self.deps, row.team, row.id)
        self.deps.store.environments.remove(row.id)

    def checkout(self, row: Environment) -> Path:
        (found,) = extra_checkouts.checkout_folders(self.deps.naming, row).values()
        return found

    def plan(self, name: str = "web", team: str = "1") -> ExtraRepoPlan:
        return ExtraRepoPlan.of(self.naming, self.row(name, team))

    def there(self, name: str = "web") -> list[str]:
        """Return the entries of an extra repo's folder except git's folder and its description."""
        folder = self.plan(name).folder
        return sorted(path.name for path in folder.iterdir() if path.name not in _OWN)

    def limited(self, **limits: Any) -> None:
        self.deps.git.repositories = GitRepositories(
            allowed_hosts=(self.server.authority,), limits=replace(self.limits, **limits)
        )


_OWN = frozenset({"git", "about.json"})
