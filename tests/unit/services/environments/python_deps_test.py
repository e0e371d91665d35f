import threading
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.locks import FileLocks
from oduflow.domain.container import ContainerLimits, ContainerSpec, ImageFacts, RunResult
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Invalid, QuotaReached
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import UNWATCHED
from oduflow.kernel.locks import LockKey
from oduflow.services.environments import delete as teardown
from oduflow.services.environments import python_deps
from oduflow.services.failpoints import Failpoints
from oduflow.settings import parse
from tests.support.parts import deps_of
from tests.support.store_rows import environment

RUNNING, FAILED = EnvironmentState.RUNNING, EnvironmentState.FAILED
IMAGE = ImageFacts("sha256:0", "odoo:19.0", -1, -1, (), MappingProxyType({}))


def test_pip_is_given_only_what_was_understood(world):
    world.asks("# why\nrequests==2.0  # so\n")

    key = world.ensure()

    assert world.given == "requests==2.0"
    assert (world.root / key / "installed").exists()
    assert world.ensure() == key
    assert len(world.runs) == 1


def test_what_extra_repos_require_is_installed_beside_it_once(world, tmp_path):
    world.asks("requests==2.0\n")
    for name, text in (("web", "lxml\n# why\nrequests==2.0\n"), ("bare", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text(text)

    alone = world.ensure()
    together = world.ensure(tmp_path / "web", tmp_path / "bare", tmp_path / "absent")

    assert world.given == "requests==2.0\nlxml"
    assert alone != together


def test_an_extra_repos_file_is_read_without_following_a_link(world, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "requirements.txt").symlink_to("/etc/hostname")
    (tmp_path / "web" / ".oduflow").symlink_to("/etc")

    assert world.ensure(tmp_path / "web") == ""


def test_a_file_that_steers_pip_is_refused_before_anything_runs(world):
    world.asks("--index-url https://evil.example/simple\n")

    with pytest.raises(Invalid):
        world.ensure()
    assert world.runs == []


@pytest.mark.parametrize("target", [python_deps.TARGET, python_deps.SCRATCH])
def test_what_outgrows_its_limit_is_stopped_while_pip_runs(world, target, monkeypatch):
    monkeypatch.setattr(python_deps, "MAX_BYTES", 1 << 20)
    world.asks("huge")
    world.fills = (target, 2 << 20)

    with pytest.raises(QuotaReached):
        world.ensure()
    assert world.asked_while_running == 1
    assert list(world.root.iterdir()) == []


def test_all_that_pip_unpacks_lies_where_it_is_weighed(world):
    world.asks("requests")
    world.ensure()

    (spec,) = world.runs
    assert spec.environment["TMPDIR"] == python_deps.SCRATCH


def test_requirements_that_nobody_uses_are_removed(world):
    world.cached("used", "unused", ".gone-half")
    world.rows = [environment(state=RUNNING, python_deps="used")]

    python_deps.prune(world.deps, "1")

    assert world.names() == ["used"]


def test_requirements_of_a_failed_environment_stay(world):
    world.cached("used")
    world.rows = [environment(state=FAILED, python_deps="used")]

    python_deps.prune(world.deps, "1")

    assert world.names() == ["used"]


def test_nothing_is_removed_that_a_creation_may_come_to_use(world):
    world.cached("unused")
    world.rows = [environment(state=EnvironmentState.CREATING)]

    python_deps.prune(world.deps, "1")

    assert world.names() == ["unused"]


def test_requirements_that_are_being_installed_stay(world):
    world.cached("unused")

    with world.deps.work.locks.acquire(LockKey.python_packages("1", "unused"), "pip"):
        python_deps.prune(world.deps, "1")

    assert world.names() == ["unused"]


def test_who_comes_while_they_are_removed_installs_them_again(world):
    world.asks("requests")
    key = world.ensure()
    found: list[str] = []
    creating = threading.Thread(target=lambda: found.append(world.ensure()))

    with world.deps.work.locks.acquire(LockKey.python_packages("1", key), "prune"):
        creating.start()
        creating.join(0.3)
        assert found == []
        (world.root / key).rename(world.root / ".gone-x")
    creating.join()

    assert (world.root / key / "installed").exists()


def test_a_team_without_requirements_has_nothing_to_remove(world):
    python_deps.prune(world.deps, "2")


def test_a_deletion_removes_what_its_environment_used_alone(world):
    row = environment(state=RUNNING, python_deps="mine")
    world.cached("mine")
    world.rows = [row]

    teardown.remove_environment(world.deps, None, row)

    assert world.rows == []
    assert world.names() == []


def test_a_deletion_succeeds_where_they_cannot_be_removed(world, monkeypatch, caplog):
    row = environment(state=RUNNING)
    world.rows = [row]

    def fail(*_of: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(python_deps, "prune", fail)
    teardown.remove_environment(world.deps, None, row)

    assert world.rows == []
    assert "requirements of team 1" in caplog.text


class World:
    """A team's folder, and a pip that writes one file."""

    def __init__(self, folder: Path) -> None:
        naming = Naming("oduflow", folder)
        self.rows: list[Environment] = []
        self.runs: list[ContainerSpec] = []
        self.given = ""
        self.fills: tuple[str, int] = (python_deps.TARGET, 1)
        self.asked_while_running = 0
        self.root = naming.team_folder("1") / "python"
        self.plan = EnvironmentPlan.of(naming, environment())
        self.deps: Any = deps_of(
            settings=parse(""),
            naming=naming,
            locks=FileLocks(folder / "locks"),
            failpoints=Failpoints(folder, enabled=False),
            environments=SimpleNamespace(
                list=lambda _team: self.rows,
                by_id=lambda _row: None,
                update=lambda _row, **_changes: None,
                remove=lambda _row: self.rows.clear(),
            ),
            containers=SimpleNamespace(remove=lambda _name: None, run_one_off=self._pip),
            cluster=SimpleNamespace(drop_database=lambda _name: None, drop_role=lambda _name: None),
            volumes=SimpleNamespace(remove=lambda _name: None),
        )

    def asks(self, text: str) -> None:
        self.plan.checkout.mkdir(parents=True)
        (self.plan.checkout / "requirements.txt").write_text(text)

    def ensure(self, *extra: Path) -> str:
        return python_deps.ensure(self.deps, self.plan, IMAGE, ContainerLimits(), UNWATCHED, extra)

    def cached(self, *names: str) -> None:
        for name in names:
            (self.root / name / "package").mkdir(parents=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())

    def _pip(self, spec: ContainerSpec, **run: Any) -> RunResult:
        self.runs.append(spec)
        places = {mount.target: Path(mount.source) for mount in spec.mounts}
        self.given = places[python_deps.REQUIREMENTS].read_text()
        target, size = self.fills
        (places[target] / "installed").write_bytes(b"x" * size)
        self.asked_while_running += 1
        assert not run["monitor"].cancelled()
        return RunResult(0, "")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
