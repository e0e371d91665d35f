import threading
from typing import Any

import pytest

from oduflow.adapters.store import Facts
from oduflow.domain.errors import Busy, Conflict, UpstreamFailed
from oduflow.domain.isolation import ProbeVerdict
from oduflow.kernel.locks import LockKey
from oduflow.services.isolation import check
from oduflow.services.isolation.canaries import TEAMS
from oduflow.services.server.database import IDENTIFIER
from tests.support.memory.canaries import MemoryCanaries, QuietHost
from tests.support.memory.process import KILL_SECONDS, Process
from tests.support.memory.world import BLUE, MemoryWorld

FOLDERS = ("team_*", "postgres/*")
STEPS = ("networks", "databases", "observers", "attack")


def test_where_everything_is_refused_the_report_says_isolated(process):
    report = checked(process).report

    assert report.isolated
    assert {probe.verdict for probe in report.probes if probe.expected == "refused"} == {
        ProbeVerdict.REFUSED
    }
    assert [probe for probe in report.probes if probe.verdict == "not measured"] == []


def test_what_the_attacker_and_the_other_canary_say_decides(process, canaries):
    canaries.reached = frozenset({"another team's database"})
    canaries.failing = ("inotify",)
    canaries.found = {"kernel": None}

    report = checked(process).report

    assert [probe.name for probe in report.problems] == [
        "control: the other team",
        "another team's database",
        "limits of a user: inotify",
    ]
    [kernel] = [probe for probe in report.probes if probe.name == "kernel"]
    assert (kernel.verdict, kernel.found) == (ProbeVerdict.NOT_MEASURED, "no answer: it broke")


def test_what_the_configuration_opens_is_not_called_a_hole(world, canaries):
    opened = f'[firewall]\negress = ["192.0.2.1/32"]\n{BLUE}'
    canaries.reached = frozenset({"the router"})
    report = checked(Process(world, teams=opened)).report

    [router] = [probe for probe in report.probes if probe.name == "the router"]
    assert (router.verdict, router.found) == (
        ProbeVerdict.NOT_MEASURED,
        "[firewall] egress opens it",
    )
    assert report.isolated


def test_what_the_configuration_opens_of_the_machine_opens_no_neighbour(world, canaries):
    opened = f'[firewall]\negress = ["10.0.0.0/8"]\nports = [5432, 8069]\n{BLUE}'
    canaries.reached = frozenset({"another team's database", "another team's environment"})

    report = checked(Process(world, teams=opened)).report

    assert {probe.name for probe in report.problems} == canaries.reached


def test_the_audit_trail_dates_a_report_whose_every_byte_is_signed(process):
    found = checked(process)

    report, row = check.verify_report(process.deps.store.audit, found.text)
    assert (report, row) == (found.report, 1)
    assert process.deps.store.audit.verify().findings == ()
    for changed in (found.text.replace("refused", "reached", 1), found.text + " "):
        with pytest.raises(Conflict, match="signature"):
            check.verify_report(process.deps.store.audit, changed)


def test_nothing_is_left_of_a_check(world, process):
    before = state(world)

    checked(process)

    assert state(world) == before


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_left_of_a_check_that_fails(world, process, step):
    before = state(world)
    process.faults.fail(f"isolation.{step}.after")

    with pytest.raises(UpstreamFailed, match="It broke"):
        checked(process)

    assert state(world) == before


@pytest.mark.parametrize("point", [*(f"{step}.before" for step in STEPS), "attack.after"])
def test_the_reconcile_loop_removes_what_a_killed_check_left(world, process, point):
    before = state(world)
    process._mortal.kill_at = f"isolation.{point}"
    threading.Thread(target=checked, args=(process,), daemon=True).start()
    assert process._mortal.dead.wait(KILL_SECONDS)
    later = Process(world)
    found = later.doctor().leftovers()
    left = {finding.message.split()[1] for finding in found}

    later.reconcile()

    assert left == (set() if point == "networks.before" else set(TEAMS))
    assert all("The server removes what it left" in finding.hint for finding in found)
    assert state(world) == before
    assert list(later.doctor().leftovers()) == []


def test_the_next_check_begins_anew_after_a_killed_one(world, process):
    process._mortal.kill_at = "isolation.attack.before"
    threading.Thread(target=checked, args=(process,), daemon=True).start()
    assert process._mortal.dead.wait(KILL_SECONDS)

    assert checked(Process(world)).report.isolated


def test_two_checks_never_run_at_once_and_a_running_one_is_left_alone(world, process):
    held = process.deps.work.locks.acquire(LockKey.isolation(), "verify_isolation by ada")
    process.deps.infrastructure.add_teams(*TEAMS)

    with pytest.raises(Busy, match="verify_isolation by ada"):
        checked(process)
    process.reconcile()

    assert set(map(world.naming.team_network, TEAMS)) <= set(world.engine.networks)
    assert list(process.doctor().leftovers()) == []
    held.release()


def checked(process: Process) -> check.Checked:
    return check.verify_isolation(process.deps, "ada", "28.0", lambda _line: None, host=QuietHost())


def state(world: MemoryWorld) -> dict[str, Any]:
    """Name everything that a check could leave."""
    facts = Facts(world.open_store())
    return {
        "containers": set(world.engine.containers),
        "volumes": set(world.engine.volumes),
        "networks": set(world.engine.networks),
        "rules": {net.bridge for plan in world.firewall.rules.values() for net in plan.teams},
        "folders": {str(path) for kind in FOLDERS for path in world.data_dir.glob(kind)},
        "clusters": {team for team in TEAMS if facts.get(IDENTIFIER + team)},
    }


@pytest.fixture
def process(world: MemoryWorld) -> Process:
    """A started server, whose networks exist; no template is needed."""
    made = Process(world)
    made.deps.infrastructure.ensure()
    return made


@pytest.fixture(autouse=True)
def canaries(world: MemoryWorld) -> MemoryCanaries:
    made = MemoryCanaries(world.engine.program)
    world.engine.program = made.program
    return made
