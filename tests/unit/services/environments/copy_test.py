import shutil
from types import SimpleNamespace

import pytest

from oduflow.adapters.pool.space import PoolSpace
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Busy, Forbidden, Invalid, NotFound
from oduflow.domain.filestore import FilestoreKind
from oduflow.kernel.locks import LockKey
from oduflow.services.environments.warm.keeper import WarmKeeper
from oduflow.services.snapshots import create
from tests.support.held import EnvironmentContents
from tests.support.memory.images import image
from tests.support.memory.process import CALLER, Process
from tests.support.memory.world import BLUE, TEAM

COPY = {"name": "sale", "new_name": "try"}
NEEDS_MORE = '{"name": "Sale", "depends": ["absent"]}'


def test_a_copy_holds_what_the_source_holds_and_both_serve(held, copy, process):
    made = process.call("copy_environment", **COPY)

    assert made.summary.startswith("try is a copy of sale and serves at http://")
    assert [step.as_call() for step in made.next] == [
        "get_environment_login name=try",
        "delete_environment name=try",
    ]
    assert (held.status, copy.status) == ("running", "running")
    assert (copy.plan.checkout / "edited").read_text() == "first"
    assert (process_files(copy) / "written").read_text() == "first"
    assert held.read() == {"first"}
    assert held.snapshots() == []


def test_a_copy_has_the_sources_facts_and_its_own_name_id_and_port(process, full):
    process.ok("create_environment", **full)
    source = row(process, "sale")
    process.ok("protect_environment", name="sale")

    process.ok("copy_environment", **COPY)

    copy = row(process, "try")
    same = ("branch", "commit", "modules", "addons", "python_deps", "extra_repos", "odoo_image")
    for fact in (*same, "repo_url", "requested_branch", "template_id", "uid", "filestore"):
        assert getattr(copy, fact) == getattr(source, fact), fact
    assert source.python_deps != ""
    for fact in ("id", "name", "port"):
        assert getattr(copy, fact) != getattr(source, fact), fact
    assert (copy.protected, copy.served, copy.step, copy.job) == (False, True, "", "")


def test_a_copy_has_secrets_and_an_address_of_its_own(world, held, copy, process):
    secret = world.postgres.databases[held.plan.database].secret

    process.ok("copy_environment", **COPY)

    made = world.postgres.databases[copy.plan.database]
    assert made.secret not in {secret, ""}
    assert made.objects_of == made.owner == copy.plan.database
    assert made.parameters["web.base.url"] == f"http://localhost:{copy.row.port}"
    login = [process.ok("get_environment_login", name=name).password for name in ("sale", "try")]
    assert login[0] != login[1]


def test_what_is_changed_in_one_is_not_changed_in_the_other(held, copy, process):
    process.ok("copy_environment", **COPY)

    copy.write("second")

    assert held.read() == {"first"}
    assert copy.read() == {"second"}


def test_a_copy_outlives_its_source(held, copy, process):
    process.ok("copy_environment", **COPY)
    process.ok("stop_environment", name="try")

    process.ok("delete_environment", name="sale")

    assert process.ok("start_environment", name="try").state == "running"
    assert process.ok("rebuild_environment", name="try").state == "running"
    assert process.doctor().leftovers() == ()


def test_a_copy_knows_no_snapshot_of_its_source(held, copy, process):
    process.ok("create_snapshot", name="sale", snapshot="clean")

    process.ok("copy_environment", **COPY)

    assert copy.snapshots() == []
    assert not (copy.plan.git_dir / "kept").exists()
    assert held.snapshots() == ["clean"]
    process.ok("create_snapshot", name="try", snapshot="clean")


@pytest.mark.parametrize("operation", ["stop_environment", None])
def test_a_source_that_does_not_run_stays_as_it_is_and_its_copy_serves(
    world, held, copy, process, operation
):
    if operation:
        process.ok(operation, name="sale")
    else:
        del world.engine.containers[held.plan.container]

    assert process.ok("copy_environment", **COPY).state == "running"

    found = world.engine.containers.get(held.plan.container)
    assert found is None or found.status == "exited"


def test_modules_are_not_installed_again(world, process, sale):
    process.ok("create_environment", **sale)

    points = process.passed("copy_environment", **COPY)

    assert "containers.run_one_off" not in points
    assert "copy.modules.before" not in points


def test_an_edit_that_breaks_a_module_is_copied(process, sale):
    process.ok("create_environment", **sale)
    plan = EnvironmentContents(process.world, process).plan
    (plan.checkout / "sale" / "__manifest__.py").write_text(NEEDS_MORE)

    made = process.ok("copy_environment", **COPY)

    assert made.state == "running"
    copied = (
        EnvironmentContents(process.world, process, "try").plan.checkout
        / "sale"
        / "__manifest__.py"
    )
    assert copied.read_text() == NEEDS_MORE


def test_a_name_that_is_taken_is_refused(world, held, process, sale):
    process.ok("create_environment", **sale | {"name": "try", "modules": []})
    before = world.everything()

    error = process.refused("copy_environment", **COPY)

    assert (error.kind, error.message) == ("conflict", "“try” exists already.")
    assert world.everything() == before


def test_a_copy_needs_another_name(held, process):
    with pytest.raises(Invalid, match="needs another name") as refusal:
        process.call("copy_environment", name="sale", new_name="Sale")

    assert refusal.value.argument == "new_name"


def test_a_converted_name_is_told(held, process):
    made = process.call("copy_environment", name="sale", new_name="Try It")

    assert made.data.name == "try-it"
    assert made.warnings == ("The name “Try It” was written as try-it.",)


def test_an_environment_of_an_older_version_is_told_to_rebuild(world, held, process):
    process.deps.store.environments.update(held.row.id, filestore=FilestoreKind.VOLUME)

    error = process.refused("copy_environment", **COPY)

    assert "rebuild_environment name=sale" in [step.as_call() for step in error.next]


def test_one_whose_creation_failed_is_not_copied(process, sale):
    process.ok("create_environment", **sale)
    process.deps.store.environments.update(row(process, "sale").id, served=False)

    error = process.refused("copy_environment", **COPY)

    assert error.message == "sale has never served, so there is nothing to copy."


def test_a_source_that_is_never_at_rest_is_refused_and_nothing_is_left(
    world, held, process, monkeypatch
):
    monkeypatch.setattr(create, "QUIET_SECONDS", 0.2)
    world.postgres.change(held.plan.database, busy=1)
    before = world.everything()

    error = process.refused("copy_environment", **COPY)

    assert (error.kind, held.status) == ("busy", "running")
    assert "copy_environment name=sale new_name=try" in [step.as_call() for step in error.next]
    assert world.everything() == before


def test_a_full_team_is_refused_before_the_source_is_paused(world, held, process):
    limited = Process(world, teams=f"{BLUE}max_environments = 1\n")
    before = world.everything()

    assert limited.refused("copy_environment", **COPY).kind == "quota"
    assert world.everything() == before


def test_files_that_cannot_be_moved_into_the_copy_are_refused_where_they_do_not_fit(
    world, held, process, monkeypatch
):
    pool = process.deps.infrastructure.pools.of(TEAM)
    monkeypatch.setattr(type(pool), "takes_new", True)  # the source is from before the pool
    monkeypatch.setattr(PoolSpace, "make", lambda _space, _wanted: 0)
    before = world.everything()

    error = process.refused("copy_environment", **COPY)

    assert error.kind == "quota"
    assert error.message.startswith("A copy of sale needs ")
    assert error.message.endswith(" and 0 KiB are free in the pool.")
    assert world.everything() == before


def test_an_image_that_runs_as_root_is_refused(world, held, process):
    process.deps.engine.images.here["odoo:19.0"] = image("odoo:19.0", uid=0)
    before = world.everything()

    error = process.refused("copy_environment", **COPY)

    assert error.message == "odoo:19.0 runs as root."
    assert world.everything() == before


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("copy_environment", COPY),
        ("save_as_template", {"name": "sale", "template": "kept"}),
    ],
)
def test_room_is_made_of_warm_slots_before_it_is_refused(
    world, process, sale, monkeypatch, operation, words
):
    warm = Process(world, teams=f"{BLUE}warm_slots = 1\n")
    warm.ok("create_environment", **sale)
    WarmKeeper(warm.deps, lambda: 64 << 30).look("1", lambda: False)
    assert len(warm.deps.store.warm_slots.of("1")) == 1
    full(monkeypatch, lambda: warm.deps.store.warm_slots.of("1"))

    warm.ok(operation, **words)

    assert warm.deps.store.warm_slots.of("1") == ()


def test_a_failed_copy_is_replaced_by_the_next_one(held, copy, process):
    process.ok("copy_environment", **COPY)
    first = copy.row.id
    process.deps.store.environments.update(first, state="failed", served=False)

    made = process.call("copy_environment", **COPY)

    assert made.warnings == ("It replaces try, whose creation had failed.",)
    assert copy.row.id != first


def test_an_environment_of_another_team_is_not_found(held, process):
    for team in ("2", "1"):
        actor = Actor(team, ActorKind.CLI, "eve")
        raw = COPY if team == "2" else COPY | {"name": "absent"}
        with pytest.raises(NotFound, match="There is no environment"):
            process.runner.call("copy_environment", raw, actor, CALLER)


def test_an_actor_of_one_environment_cannot_make_another(held, process):
    actor = Actor("1", ActorKind.GRANT, "agent", environments=frozenset({held.row.id}))

    with pytest.raises(Forbidden, match="restricted to environments"):
        process.runner.call("copy_environment", COPY, actor, CALLER)


@pytest.mark.parametrize("held_name", ["sale", "try"])
def test_both_environments_are_locked(held, process, held_name):
    other = process.deps.work.locks.acquire(LockKey.environment("1", held_name), "another call")
    try:
        with pytest.raises(Busy, match="another call"):
            process.call("copy_environment", **COPY)
    finally:
        other.release()


@pytest.mark.thorough
def test_a_step_that_fails_leaves_nothing_and_the_source_serving(world, held, process):
    points = steps(process)
    before, wrong = world.everything(), {}
    for point in points:
        process.faults.fail(point)
        error = process.refused("copy_environment", **COPY)
        told = (error.message, held.status, held.snapshots(), world.everything() == before)
        if told != (f"It broke at {point}.", "running", [], True):
            wrong[point] = told

    assert wrong == {}
    process.ok("copy_environment", **COPY)


@pytest.mark.thorough
def test_one_that_is_killed_anywhere_leaves_nothing_and_the_source_serving(world, held, process):
    points = steps(process)
    before, wrong = world.everything(), {}
    for point in points:
        Process(world).killed("copy_environment", at=point, **COPY)
        after = Process(world)
        after.reconcile()
        told = (held.status, held.snapshots(after), world.everything() == before, held.read())
        if told != ("running", [], True, {"first"}):
            wrong[point] = told

    assert wrong == {}


def full(monkeypatch, is_full):
    def usage(_folder):
        return SimpleNamespace(total=1 << 40, free=0 if is_full() else 1 << 40)

    monkeypatch.setattr(shutil, "disk_usage", usage)


def row(process, name):
    found = process.deps.store.environments.get("1", name)
    assert found is not None
    return found


def process_files(copy):
    return copy.process.deps.engine.volumes.mountpoint(copy.plan.layers) / "current" / "upper"


def steps(process):
    points = process.passed("copy_environment", **COPY)
    process.ok("delete_environment", name="try")
    found = [point for point in points if point.startswith(("copy.", "snapshot."))]
    assert {"copy.reserve.before", "copy.forget.after", "snapshot.database.after"} <= set(found)
    return found


@pytest.fixture
def held(world, process, sale):
    process.ok("create_environment", **sale | {"modules": []})
    made = EnvironmentContents(world, process)
    made.write("first")
    return made


@pytest.fixture
def copy(world, process):
    return EnvironmentContents(world, process, "try")
