from dataclasses import replace
from typing import Any

import pytest

from oduflow.domain.isolation import ProbeVerdict
from oduflow.services.isolation.evidence import Beat, Evidence
from oduflow.services.isolation.probes import judge_reach, results
from oduflow.services.isolation.targets import Target
from tests.support.memory.canaries import EXHAUSTING, answers

SSH = Target("ssh", "192.0.2.7", 22, control="closed")
QUIET = (Beat(1.0, 0.02), Beat(1.2, 0.02))


def test_in_an_isolated_world_nothing_is_a_problem():
    found = results(evidence())

    assert [probe.name for probe in found if not probe.ok] == []
    assert [probe.name for probe in found if probe.verdict == "not measured"] == []


def test_what_the_attacker_did_not_try_is_not_told_as_refused():
    assert judge_reach(SSH, "") == (ProbeVerdict.NOT_MEASURED, "the attacker did not try it")


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (
            {"names": {"memory-db-isolation-probe-a": True, "other": True}},
            "names of the other team",
        ),
        (
            {"names": {"memory-db-isolation-probe-a": True, "example.com": True}},
            "names of the internet",
        ),
        ({"kernel": ["mount"]}, "kernel"),
        ({"mounts": {"written": {"/mnt/repo/canary": "ext4"}, "sockets": []}}, "mounts"),
        ({"mounts": {"written": {}, "sockets": ["/run/docker.sock"]}}, "mounts"),
        ({"catalog": {"names": ["env_canarycccccc"], "entered": [], "statements": []}}, "catalogs"),
        (
            {"catalog": {"names": [], "entered": ["env_canarybbbbbb"], "statements": []}},
            "another environment's database",
        ),
        (
            {"catalog": {"names": [], "entered": [], "statements": ["CREATE ROLE x"]}},
            "PostgreSQL's administration",
        ),
        ({"threads": 1024}, "processes"),
        ({"processors": 1.9}, "processors"),
        ({"memory": 0}, "memory"),
        ({"database_memory": True}, "PostgreSQL's memory"),
        ({"root_files": ["/var/log"]}, "root file system"),
        ({"temporary_files": {"bytes": 1 << 29, "refused": False}}, "disk: temporary files"),
        ({"files": {"bytes": 1 << 29, "refused": False}}, "disk: files"),
        ({"rows": {"bytes": 1 << 29, "refused": False}}, "disk: database"),
        ({"notify": 0}, "control: own notification"),
        ({"names": {}}, "control: own name"),
    ],
)
def test_each_hole_is_named_and_no_other(found, name):
    assert problems(evidence(found=answers() | found)) == [name]


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("status", {"CapEff": ["0000000000000400"]}, "privileges"),
        ("status", {"Uid": ["0"]}, "privileges"),
        ("status", {"NoNewPrivs": ["0"]}, "privileges"),
        ("status", {"Seccomp": ["0"]}, "privileges"),
        ("environment", ["PGPASSWORD"], "variables"),
        ("ipv6", ["eth0"], "IPv6"),
    ],
)
def test_each_property_of_the_process_is_looked_at(field, value, name):
    usual = answers()["process"]
    seen = usual[field] | value if isinstance(value, dict) else value
    process = {"process": usual | {field: seen}}

    assert problems(evidence(found=answers() | process)) == [name]


@pytest.mark.parametrize(
    ("control", "answer", "verdict"),
    [
        ("connected", "connected", "reached"),
        ("closed", "connected", "reached"),
        ("", "connected", "reached"),
        ("closed", "closed", "reached"),
        ("connected", "closed", "refused"),
        ("", "closed", "not measured"),
        ("connected", "dropped", "refused"),
        ("closed", "EHOSTUNREACH", "refused"),
        ("", "dropped", "not measured"),
    ],
)
def test_a_connection_is_judged_by_what_this_machine_gets_there(control, answer, verdict):
    assert judge_reach(replace(SSH, control=control), answer)[0] == verdict


def test_what_the_configuration_allows_is_not_measured():
    allowed = replace(SSH, allowed="[firewall] egress opens it")

    assert judge_reach(allowed, "connected") == (ProbeVerdict.NOT_MEASURED, allowed.allowed)
    assert results(evidence(outside_name=""))[-1].ok


@pytest.mark.parametrize(
    ("failing", "concerned"),
    [
        ("query", ["locks", "connections", "processors", "memory", "PostgreSQL's memory"]),
        ("thread", ["processes"]),
        ("inotify", ["limits of a user: inotify"]),
        ("message_queues", ["limits of a user: message queues"]),
    ],
)
def test_what_stops_the_other_team_is_named(failing, concerned):
    seen = evidence(beats=dict.fromkeys(EXHAUSTING, (*QUIET, Beat(1.4, 5.0, (failing,)))))

    assert problems(seen) == concerned
    [first, *_] = [probe for probe in results(seen) if not probe.ok]
    assert (
        f"the other team meanwhile: {failing} failed in 3 looks, the slowest 5000 ms" in first.found
    )


def test_a_canary_that_was_sick_before_proves_nothing():
    assert problems(evidence(quiet=(Beat(1.0, 0.1, ("query",)),))) == ["control: the other team"]
    assert problems(evidence(quiet=())) == ["control: the other team"]


def test_an_attack_during_which_the_other_canary_was_not_seen_is_not_measured():
    found = {probe.name: probe.verdict for probe in results(evidence(beats={}))}

    assert {found[name] for name in ("notifications", "locks", "memory")} == {"not measured"}


def test_a_notification_that_the_other_team_hears_is_named():
    heard = {**dict.fromkeys(EXHAUSTING, QUIET), "notify": (Beat(1.0, 0.1, (), ("hello",)),)}

    assert problems(evidence(beats=heard)) == ["notifications"]


def test_a_canary_that_this_machine_does_not_reach_proves_nothing():
    other = Target("another team's environment", "10.0.0.3", 8069, control="closed")

    assert problems(evidence(targets=(other,))) == ["control: this machine"]


def test_an_attacker_that_ends_early_proves_nothing():
    seen = results(evidence(found={}, errors={"notify": "it broke"}))

    wrong = {probe.name: probe.found for probe in seen if not probe.ok}
    assert set(wrong) == {
        "control: own database",
        "control: own name",
        "control: own notification",
    }
    assert wrong["control: own notification"] == "no answer: it broke"
    assert wrong["control: own name"] == "no answer: the attacker ended before"


def problems(seen: Evidence) -> list[str]:
    return [probe.name for probe in results(seen) if not probe.ok]


def evidence(**more: Any) -> Evidence:
    """Return what is seen where everything is refused, but for what a test says."""
    seen: dict[str, Any] = {
        "targets": (SSH,),
        "names": ("other",),
        "own_name": "memory-db-isolation-probe-a",
        "outside_name": "example.com",
        "foreign": frozenset({"env_canarycccccc"}),
        "found": answers(),
        "quiet": QUIET,
        "beats": dict.fromkeys(EXHAUSTING, QUIET),
    }
    return Evidence(**(seen | more))
