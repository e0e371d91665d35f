import shutil
from math import inf

import pytest

from oduflow.adapters.locks import FileLocks
from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.errors import Kind, QuotaReached
from oduflow.domain.next_call import RETRY
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.locks import LockKey
from oduflow.services.environments import own_database
from tests.support.memory.odoo import module
from tests.support.memory.process import CALLER, Process
from tests.support.memory.world import BLUE

RECORD = "2026-11-29 09:00:00,000 1 {} db odoo.modules.{}"
LOADING = (RECORD.format("INFO", "loading: loading 28 modules..."),)
LOADED = (*LOADING, RECORD.format("INFO", "registry: Registry loaded in 0.513s"))
BROKEN = (
    *LOADING,
    RECORD.format("ERROR", "registry: Failed to load registry"),
    "Traceback (most recent call last):",
    "  File x",
    "KeyError: 'x'",
)
WARNING = RECORD.format("WARNING", "module: the cause, far above")
# A wrong URL is refused before the call is a job; a PostgreSQL that does not answer is started; the
# related facts are read for the answer, when the environment is whole.
OTHERWISE = {
    "git.clean_url",
    "cluster.ready",
    "cluster.system_identifier",
    "environments.related",
}


def test_an_environment_serves_a_branch_from_a_copy_of_its_template(world, process, full):
    made = process.ok("create_environment", **full)

    [row] = process.deps.store.environments.list("1")
    [template] = process.deps.store.templates.list("1")
    copy = world.postgres.databases[f"env_{row.id}"]
    source = world.postgres.databases[f"tpl_{template.id}"]
    assert (made.name, made.state, made.branch) == ("sale", "running", "main")
    assert (row.commit, row.step, row.job) == (world.git.commit("addons", "main"), "", "")
    assert set(copy.modules) == {"base", "web", "sale"}
    assert (copy.owner, copy.objects_of) == (f"env_{row.id}", f"env_{row.id}")
    assert copy.secret != source.secret
    assert copy.admin_password
    assert world.odoo.installs[-1] == ("sale",)
    filestore = world.engine.volumes[f"memory-env-{row.id}-filestore"].mountpoint
    assert (filestore / "assets").read_text() == "generated"


def test_its_odoo_names_its_session_cookie_after_its_port(world, process, sale):
    process.ok("create_environment", **sale)

    [row] = process.deps.store.environments.list("1")
    start = EnvironmentPlan.of(world.naming, row).python_start.read_text()
    assert f"Finder('session_id_{row.port}')" in start


def test_its_container_has_what_the_repositories_hold(world, process, full):
    process.ok("create_environment", **full)

    mounts = {
        mount.target: mount.source
        for mount in world.engine.containers["memory-env-1.sale"].spec.mounts
    }
    [row] = process.deps.store.environments.list("1")
    assert {"/mnt/repo/addons", "/mnt/extra/web/web", "/mnt/python"} <= mounts.keys()
    assert row.addons == ("/mnt/repo/addons", "/mnt/extra/web/web")
    assert world.odoo.pip_runs == ["lxml"]


@pytest.mark.thorough
def test_a_step_or_call_that_fails_leaves_nothing(world, process, full):
    points = process.passed("create_environment", **full)
    process.ok("delete_environment", name="sale")
    before = world.everything()
    left = {}
    assert {"create.serving.after", "tenant.make_own"} <= set(points)
    for point in points:
        if point in OTHERWISE:
            continue
        process.faults.fail(point)
        error = process.refused("create_environment", **full)
        assert error.message == f"It broke at {point}."
        if world.everything() != before or process.deps.store.environments.list("1"):
            left[point] = world.everything()

    assert left == {}


@pytest.mark.thorough
def test_a_creation_that_is_killed_anywhere_is_undone_at_the_next_start(world, process, full):
    points = process.passed("create_environment", **full)
    process.ok("delete_environment", name="sale")
    before = world.everything()
    left = {}
    for point in steps(points):
        Process(world).killed("create_environment", at=point, **full)
        after = Process(world)
        after.reconcile()
        [job] = after.deps.work.jobs.store.list("1", active=False, limit=1)
        assert (job.operation, job.status) == ("create_environment", "interrupted")
        if world.everything() != before or after.deps.store.environments.list("1"):
            left[point] = world.everything()

    assert left == {}
    assert process.ok("create_environment", **full).state == "running"


def test_a_killed_creation_is_undone_by_the_next_call_of_that_name(world, process, full):
    process.killed("create_environment", at="create.database.after", **full)
    after = Process(world)

    assert after.ok("create_environment", **full).state == "running"

    assert len(world.postgres.databases) == 2


def test_what_cannot_be_undone_is_undone_later(world, process, full):
    before = world.everything()
    process.faults.fail("create.container.after")
    process.faults.fail("volumes.remove")

    process.refused("create_environment", **full)

    assert [row.state for row in process.deps.store.environments.list("1")] == ["creating"]
    process.reconcile(at_start=False)
    assert world.everything() == before
    assert process.deps.store.environments.list("1") == ()


def test_a_module_that_cannot_be_installed_keeps_everything_for_inspection(world, process, sale):
    world.odoo.broken.add("sale")

    error = process.refused("create_environment", **sale)

    [row] = process.deps.store.environments.list("1")
    assert error.kind is Kind.UPSTREAM
    assert error.message == "Not installed: sale: ValueError."
    assert "it broke" in error.output
    assert (row.state, row.error.message, row.step) == ("failed", error.message, "")
    assert f"env_{row.id}" in world.postgres.databases
    assert error.hint.startswith("sale is kept as failed, to look at; creating it again replaces")
    assert [step.reason for step in row.error.next] == [RETRY]


@pytest.mark.parametrize("begun_by", ["create_environment", "rebuild_environment"])
def test_the_whole_output_of_a_failed_installation_is_read_by_who_may_see_the_environment(
    world, process, sale, begun_by
):
    world.odoo.broken.add("sale")
    world.odoo.before_breaking = (WARNING, *(f"loading module {n}" for n in range(100)))
    answer = process.call("create_environment", **sale)
    if begun_by == "rebuild_environment":
        answer = process.call(begun_by, name="sale")

    [row] = process.deps.store.environments.list("1")
    asked = {"name": "sale", "source": "install"}
    found = as_reader(process, row, "get_environment_logs", **asked, grep="WARNING")
    whole = as_reader(process, row, "read_output", handle=answer.output)

    assert found.data.log == WARNING
    assert found.truncated is None
    assert whole.data.total == 104
    assert row.error.handle == answer.output == answer.error.handle
    assert len(process.ok("get_environment_logs", **asked).log.splitlines()) == 104


def test_of_an_output_that_is_no_longer_kept_the_explanation_is_shown_and_named_as_a_part(
    world, process, sale
):
    world.odoo.broken.add("sale")
    world.odoo.before_breaking = tuple(f"loading module {n}" for n in range(100))
    process.refused("create_environment", **sale)
    [row] = process.deps.store.environments.list("1")
    shutil.rmtree(world.data_dir / "outputs")

    answer = process.call("get_environment_logs", name="sale", source="install")

    assert answer.data.log == row.error.output
    assert answer.truncated
    assert "only the lines that explain the failure are left" in answer.warnings[0]


@pytest.mark.parametrize("when", ["early", "late"])
def test_every_failed_creation_suggests_the_same_call_which_then_creates(
    world, process, sale, when
):
    if when == "early":
        process.faults.fail("git.checkout")
    else:
        world.odoo.broken.add("sale")
    retry = process.refused("create_environment", **sale).next[-1]
    world.odoo.broken.clear()

    made = process.ok(retry.operation, **retry.arguments)

    assert (retry.operation, retry.reason) == ("create_environment", RETRY)
    assert retry.arguments.keys() == sale.keys()
    assert made.state == "running"
    assert len(world.postgres.databases) == 2


@pytest.mark.parametrize("branch", ["main", "nowhere"])
def test_a_repeated_creation_keeps_the_user_name_that_chooses_a_credential(
    world, process, sale, branch
):
    url = sale["repo_url"].replace("://", "://acme@")
    world.odoo.broken.add("sale")

    error = process.refused("create_environment", **sale | {"repo_url": url, "branch": branch})

    assert error.next[-1].arguments["repo_url"] == url


@pytest.mark.thorough
def test_a_failed_creation_takes_no_second_place_of_the_team_when_it_is_repeated(
    world, process, sale
):
    process = Process(world, teams=f"{BLUE}max_environments = 1\n")
    world.odoo.broken.add("sale")
    process.refused("create_environment", **sale)
    world.odoo.broken.clear()

    again = process.call("create_environment", **sale)

    assert again.error is None
    assert again.warnings == ("It replaces sale, whose creation had failed.",)
    assert process.deps.store.environments.count("1") == 1


def test_a_mistyped_template_of_the_second_try_leaves_the_failed_environment(world, process, sale):
    world.odoo.broken.add("sale")
    process.refused("create_environment", **sale)

    error = process.refused("create_environment", **sale | {"template": "nowhere"})

    [row] = process.deps.store.environments.list("1")
    assert error.kind is Kind.INVALID
    assert "Nothing of" not in error.hint
    assert row.error.message == "Not installed: sale: ValueError."


@pytest.mark.parametrize("why", ["protected", "served"])
def test_what_may_hold_data_is_not_replaced(world, process, sale, why):
    world.odoo.broken.add("sale")
    process.refused("create_environment", **sale)
    if why == "protected":
        process.ok("protect_environment", name="sale")
    else:
        world.odoo.broken.clear()
        process.ok("rebuild_environment", name="sale")
        world.odoo.boot_exit = 1
        process.refused("restart_environment", name="sale")
    databases = dict(world.postgres.databases)

    error = process.refused("create_environment", **sale)

    assert error.kind is Kind.CONFLICT
    assert world.postgres.databases == databases
    offered = process.ok("get_environment", name="sale").error.next
    assert [step for step in offered if step.reason == RETRY] == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            {"boot_exit": 1},
            "Odoo crashed at start with exit code 1: ValueError: it broke.",
        ),
        (
            {"boot_exit": 137, "out_of_memory": True},
            "Odoo crashed at start at its limit of 2048 MiB of memory.",
        ),
        ({"page_status": 500}, "/web/login answers HTTP 500."),
        (
            {"page_status": 303, "boot_log": BROKEN},
            "Odoo cannot load its registry: KeyError: 'x'.",
        ),
        (
            {"page_status": 500, "boot_log": LOADED},
            "/web/login answers HTTP 500.",
        ),
        (
            {"page_status": None, "boot_log": LOADING},
            "Odoo serves no page after 1 seconds; its log told last: loading 28 modules.",
        ),
    ],
)
def test_an_odoo_that_does_not_serve_is_kept_stopped_for_inspection(
    world, process, sale, fault, told
):
    for name, value in fault.items():
        setattr(world.odoo, name, value)

    error = process.refused("create_environment", **sale)

    [row] = process.deps.store.environments.list("1")
    assert error.message == told
    assert (row.state, row.error.message) == ("failed", told)
    assert world.engine.containers["memory-env-1.sale"].status == "exited"


def test_an_odoo_that_answers_once_and_ends_is_a_failed_creation(world, process, sale):
    world.odoo.last_answer, world.odoo.boot_log = True, (*LOADED, "no licence key")

    error = process.refused("create_environment", **sale)

    [row] = process.deps.store.environments.list("1")
    assert error.message == "Odoo crashed at start with exit code 1: no licence key."
    assert (row.state, row.error.message) == ("failed", error.message)


@pytest.mark.parametrize("status", [204, 302, 303, 401, 403, 404])
def test_an_odoo_with_another_login_page_serves(world, process, sale, status):
    world.odoo.page_status, world.odoo.boot_log = status, LOADED

    assert process.ok("create_environment", **sale).state == "running"


def test_a_disk_that_is_full_keeps_nothing_for_inspection(world, process, sale):
    before = world.everything()
    process.faults.fail("containers.start", QuotaReached("The disk is full."))

    error = process.refused("create_environment", **sale)

    assert error.kind is Kind.QUOTA
    assert world.everything() == before


def test_nothing_is_begun_on_a_disk_without_room(world, process, sale):
    world.disk_minimum = 1 << 60
    before = world.everything()

    error = Process(world).refused("create_environment", **sale)

    assert error.kind is Kind.QUOTA
    assert world.everything() == before


def test_pip_that_fails_is_quoted_and_leaves_nothing(world, process, full):
    before = world.everything()
    world.odoo.pip_exit = 1

    error = process.refused("create_environment", **full)

    assert (
        error.message
        == "pip could not install the repository's requirements.txt: there is no x for Python 3.13."
    )
    assert error.output == "ERROR: No matching distribution found for x"
    assert world.everything() == before


def test_a_host_port_that_another_program_took_is_exchanged(world, process, sale):
    first = process.deps.settings.routing.port_range.start
    world.engine.taken_ports.add(first)

    made = process.ok("create_environment", **sale)

    assert made.url.endswith(f":{first + 1}/")


def test_a_repository_without_modules_makes_no_environment(world, process):
    url = world.git.repository("docs", {"main": {"README": "hello"}})
    before = world.everything()

    error = process.refused("create_environment", name="docs", repo_url=url)

    assert error.kind is Kind.INVALID
    assert world.everything() == before


def test_a_missing_branch_is_answered_with_those_like_it(world, process, sale):
    world.git.repository("addons", {"mainline": module("sale")})

    error = process.refused("create_environment", **sale, branch="mainlin")

    assert error.kind is Kind.NOT_FOUND
    assert "mainline" in error.hint


def test_calling_again_answers_what_is_there(world, process, sale):
    made = process.ok("create_environment", **sale)
    before = world.everything()

    assert process.ok("create_environment", **sale) == made
    other = process.refused("create_environment", **{**sale, "modules": []})

    assert other.kind is Kind.CONFLICT
    assert world.everything() == before


def test_a_team_that_copies_databases_lets_another_creation_of_its_own_wait_and_no_other_teams(
    world, process, sale, monkeypatch
):
    monkeypatch.setattr(own_database, "CLONE_WAIT_SECONDS", 0.0)
    before = world.everything()
    places = process.deps.work.clone_places
    with places.hold("1", seconds=0), places.hold("1", seconds=0):
        error = process.refused("create_environment", **sale)
        assert error.kind == "busy"
        assert "copies of databases" in error.message
        assert world.everything() == before
        with places.hold("2", seconds=0):
            pass
    process.ok("create_environment", **sale)


def test_an_environment_of_a_deleted_template_is_not_begun(world, process, sale):
    process.ok("delete_template", name="base")

    error = process.refused("create_environment", **sale)

    assert (error.kind, error.message) == (Kind.INVALID, "There is no template yet.")


def test_an_environment_is_created_while_the_next_version_of_its_template_is_made(process, sale):
    name = LockKey.template("1", "base")
    with process.deps.work.locks.acquire(name, "import_template"):
        process.ok("create_environment", **sale)


def test_a_template_that_an_environment_was_just_reserved_for_is_not_deleted(
    world, process, sale, monkeypatch
):
    rows, template = process.deps.store.environments, process.deps.store.templates
    process.ok("create_environment", **sale)
    [row] = process.deps.store.templates.list("1")
    used = [(), ("sale",)]  # read before the reservation, and once more under its lock
    monkeypatch.setattr(rows, "using_template", lambda _template: used.pop(0))

    error = process.refused("delete_template", name="base")

    assert error.message == "Template base is in use by sale."
    assert template.by_id(row.id) == row
    assert f"tpl_{row.id}" in world.postgres.databases


def test_a_creation_that_waits_for_its_template_holds_up_no_other(process, sale, monkeypatch):
    storage, seen = LockKey.storage("1"), []
    acquire = FileLocks.acquire

    def watched(self, key, *holder, **more):
        if key.kind == "template_version":
            seen.append(self.is_free(storage))
        return acquire(self, key, *holder, **more)

    monkeypatch.setattr(FileLocks, "acquire", watched)

    process.ok("create_environment", **sale)

    assert seen
    assert all(seen)


def steps(points):
    return [point for point in points if point.startswith("create.")]


def as_reader(process, row, tool, **raw):
    """Call an operation as an actor that may read one environment."""
    reader = Actor("1", ActorKind.CLI, "ci", frozenset({Tier.READ}), "", frozenset({row.id}))
    return process.runner.call(tool, raw, reader, CALLER, wait=inf)
