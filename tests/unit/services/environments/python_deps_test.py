import os
import threading
import time
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.locks import FileLocks
from oduflow.domain.addons import OdooRules
from oduflow.domain.container import ContainerLimits, ContainerSpec, ImageFacts, RunResult
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict, Invalid, NotFound, QuotaReached, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.locks import LockKey
from oduflow.kernel.team_places import TeamPlaces
from oduflow.net.authorities import authorities
from oduflow.services.environments import delete as teardown
from oduflow.services.environments import pip, python_deps
from oduflow.services.environments.python_packages import installed_packages
from oduflow.services.environments.recover import EnvironmentRecovery
from oduflow.services.failpoints import Failpoints
from oduflow.settings import parse
from tests.support.parts import deps_of
from tests.support.store_rows import environment

RUNNING, FAILED = EnvironmentState.RUNNING, EnvironmentState.FAILED
IMAGE_PYTHON = (
    '{"packages": {"jinja2": {"version": "3.1.6", "requires": [], "extras": []}},'
    ' "odoo": "19.0", "standard": [], "markers": {"python_version": "3.13"}}'
)
IMAGE = ImageFacts("sha256:0", "odoo:19.0", -1, -1, (), MappingProxyType({}))


def test_pip_is_given_only_what_was_understood_and_is_missing(world):
    world.asks("# why\nrequests==2.0  # so\njinja2>=3\n")

    key = world.ensure()

    assert world.given == ["requests==2.0"]
    assert world.constraints == ["jinja2==3.1.6\nodoo==19.0"]
    assert (world.root / key / "installed").exists()
    assert world.ensure() == key
    assert len(world.runs) == 1


def test_pips_lines_are_progress_and_the_list_of_the_images_packages_is_not(world):
    world.asks("requests==2.0")

    world.ensure()

    assert (world.told, world.listings) == (["Successfully installed"], 1)


def test_what_the_image_has_needs_no_pip_and_is_not_looked_up_twice(world):
    world.asks("jinja2\nodoo==19.0.*")

    assert world.ensure() == world.ensure()
    assert (world.runs, world.listings) == ([], 1)


def test_each_repository_is_installed_by_itself_on_top_of_the_others(world, tmp_path):
    world.asks("requests==2.0\n")
    for name, text in (("web", "lxml==1\n# why\nrequests<3\n"), ("bare", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text(text)

    alone = world.ensure()
    world.given.clear()
    together = world.ensure(web=tmp_path / "web", bare=tmp_path / "bare", no=tmp_path / "absent")

    assert world.given == ["requests==2.0", "lxml==1"]
    assert "requests==2.0" in world.constraints[-1]
    assert alone != together


def test_repositories_that_contradict_each_other_are_named(world, tmp_path):
    world.asks("requests==2.0")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "requirements.txt").write_text("requests==3")

    with pytest.raises(Conflict) as refused:
        world.ensure(web=tmp_path / "web")

    assert refused.value.message == (
        "Extra repo web's requirements.txt, line 1, asks for requests==3, "
        "but the repository's requirements.txt has requests 2.0."
    )


def test_pips_failure_names_the_file_and_the_cause(world):
    world.asks("requests")
    world.failure = "ERROR: No matching distribution found for requests"

    with pytest.raises(UpstreamFailed) as failed:
        world.ensure()

    assert failed.value.message == (
        "pip could not install the repository's requirements.txt: "
        "there is no requests for Python 3.13."
    )
    assert failed.value.output == world.failure


@pytest.mark.parametrize(
    ("images", "options"),
    [
        ("", []),
        ('pip_index_url = "none"', ["--no-index"]),
        (
            'pip_index_url = "http://pypi.lan/simple"',
            ["--index-url", "http://pypi.lan/simple", "--trusted-host", "pypi.lan"],
        ),
        ('pip_find_links = "/srv/wheels"', ["--find-links", "/wheels"]),
    ],
)
def test_pip_asks_where_the_operator_says(world, images, options):
    world.asks("requests")
    world.set(f"[images]\n{images}")

    world.ensure()

    command = list(world.runs[0].command)
    start = command.index("--no-warn-script-location") + 1
    assert command[start : command.index("--constraint")] == options


def test_pip_trusts_the_authorities_of_this_machine_or_the_operators(world, tmp_path):
    bundle = tmp_path / "company.pem"
    world.asks("requests")
    own = authorities(None)
    assert own is not None
    bundle.write_text("# the company's\n" + own.read_text())
    world.set(f'[server]\nca_bundle = "{bundle}"')

    world.ensure()

    assert world.trusted == bundle.read_text()
    assert world.runs[0].environment["PIP_CERT"] == "/inputs/authorities.pem"


def test_installed_addons_are_found_for_the_addons_path(world):
    world.asks("odoo-addon-queue-job")
    key = world.ensure()

    assert python_deps.addons_folder(world.deps.naming, "1", key) == ()
    (world.root / key / "odoo-addons").mkdir()
    assert python_deps.addons_folder(world.deps.naming, "1", key) == ("/mnt/python/odoo-addons",)
    assert python_deps.addons_folder(world.deps.naming, "1", "") == ()


def test_a_link_in_place_of_the_addons_shows_no_file_of_this_machine(world, tmp_path):
    """A package's build can write one; what it leads to may belong to another team."""
    other = tmp_path / "other_team" / "secret_module"
    other.mkdir(parents=True)
    (other / "__manifest__.py").write_text("{'name': 'Secret', 'version': '19.0.1.0.0'}")
    world.asks("odoo-addon-queue-job")
    key = world.ensure()
    (world.root / key / "odoo-addons").symlink_to(other.parent)
    row = environment(team="1", python_deps=key)

    found = installed_packages(world.deps.naming, row, OdooRules(series="19.0", needs_init=False))

    assert found.modules == ()
    assert python_deps.addons_folder(world.deps.naming, "1", key) == ()


def test_a_file_that_steers_pip_is_refused_before_anything_runs(world):
    world.asks("--index-url https://evil.example/simple\n")

    with pytest.raises(Invalid):
        world.ensure()
    assert (world.runs, world.listings) == ([], 0)


@pytest.mark.parametrize("target", [pip.TARGET, pip.SCRATCH])
def test_what_outgrows_its_limit_is_stopped_while_pip_runs(world, target, monkeypatch):
    monkeypatch.setattr(pip, "MAX_BYTES", 1 << 20)
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
    assert spec.environment["TMPDIR"] == pip.SCRATCH


def test_unused_requirements_are_removed(world):
    world.cached("used", "unused", ".gone-half")
    world.rows = [environment(state=RUNNING, python_deps="used")]

    python_deps.prune(world.deps, "1")

    assert world.names() == ["used"]


def test_requirements_that_a_failed_creation_left_are_removed_after_an_hour(world):
    world.cached("lately", "used", "long-ago", ".gone-half")
    for name in ("used", "long-ago"):
        os.utime(world.root / name, times=(time.time() - 3700,) * 2)
    world.rows = [environment(state=RUNNING, python_deps="used")]

    for work in EnvironmentRecovery(world.deps).team_work():
        assert not list(work.run())

    assert world.names() == ["lately", "used"]


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


def _no_volume(name: str) -> Path:
    raise NotFound(f"There is no volume {name!r}.")


class PipWorld:
    """A team's folder, and a pip that writes one file."""

    def __init__(self, folder: Path) -> None:
        naming = Naming("oduflow", folder)
        self.rows: list[Environment] = []
        self.runs: list[ContainerSpec] = []
        self.given: list[str] = []
        self.constraints: list[str] = []
        self.trusted = ""
        self.told: list[str] = []
        self.failure = ""
        self.listings = 0
        self.fills: tuple[str, int] = (pip.TARGET, 1)
        self.asked_while_running = 0
        self.root = naming.team_folder("1") / "python"
        self.plan = EnvironmentPlan.of(naming, environment())
        self.deps: Any = deps_of(
            settings=parse(""),
            naming=naming,
            locks=FileLocks(folder / "locks"),
            pip_places=TeamPlaces("pip installations", of_a_team=2, shared=2),
            failpoints=Failpoints(folder, enabled=False),
            environments=SimpleNamespace(
                list=lambda _team: self.rows,
                by_id=lambda _row: None,
                update=lambda _row, **_changes: None,
                remove=lambda _row: self.rows.clear(),
            ),
            snapshots=SimpleNamespace(of=lambda _id: (), of_team=lambda _team: ()),
            sizes=SimpleNamespace(forget=lambda _team, _row: None),
            containers=SimpleNamespace(remove=lambda _name: None, run_one_off=self._run),
            cluster=lambda _team: SimpleNamespace(drop_tenant=lambda _name: None),
            volumes=SimpleNamespace(remove=lambda _name: None, mountpoint=_no_volume),
        )

    def asks(self, text: str) -> None:
        self.plan.checkout.mkdir(parents=True)
        (self.plan.checkout / "requirements.txt").write_text(text)

    def set(self, text: str) -> None:
        self.deps.settings = parse(text)

    def ensure(self, **extra: Path) -> str:
        monitor = ProgressMonitor(self.told.append)
        return python_deps.ensure(self.deps, self.plan, IMAGE, ContainerLimits(), monitor, extra)

    def cached(self, *names: str) -> None:
        for name in names:
            (self.root / name / "package").mkdir(parents=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())

    def _run(self, spec: ContainerSpec, **run: Any) -> RunResult:
        if pip.TARGET in spec.entrypoint:
            return self._pip(spec, **run)
        self.listings += 1
        run["monitor"].on_progress(f"python:{IMAGE_PYTHON}")
        return RunResult(0, f"python:{IMAGE_PYTHON}")

    def _pip(self, spec: ContainerSpec, **run: Any) -> RunResult:
        self.runs.append(spec)
        places = {mount.target: Path(mount.source) for mount in spec.mounts}
        inputs = places[pip.INPUTS]
        self.given.append((inputs / pip.REQUIREMENTS).read_text())
        self.constraints.append((inputs / pip.CONSTRAINTS).read_text())
        self.trusted = (inputs / pip.AUTHORITIES).read_text()
        for line in self.given[-1].splitlines():
            (places[pip.TARGET] / f"{line.replace('==', '-')}.dist-info").mkdir()
        target, size = self.fills
        (places[target] / "installed").write_bytes(b"x" * size)
        self.asked_while_running += 1
        run["monitor"].on_progress("Successfully installed")
        assert not run["monitor"].cancelled()
        return RunResult(1 if self.failure else 0, self.failure)


@pytest.fixture
def world(tmp_path: Path) -> PipWorld:
    return PipWorld(tmp_path)
