from typing import Any

import pytest

from oduflow.adapters.docker.facts import from_inspect, from_list, label_filter


def test_a_container_that_never_ran_has_no_start() -> None:
    assert from_inspect(inspected(StartedAt="0001-01-01T00:00:00Z")).started_at == ""


def test_a_kill_at_the_memory_limit_is_seen() -> None:
    facts = from_inspect(inspected(Status="exited", ExitCode=137, OOMKilled=True))
    assert (facts.status, facts.exit_code, facts.out_of_memory) == ("exited", 137, True)


def test_only_networks_with_an_address_are_told() -> None:
    facts = from_inspect(inspected())
    assert facts.addresses == {"team": "10.213.0.5"}
    assert facts.name == "e1"


@pytest.mark.parametrize(
    ("status", "code"), [("Exited (137) 3 minutes ago", 137), ("Up 2 hours", 0), ("Created", 0)]
)
def test_a_listed_containers_exit_code_is_read_from_its_text(status: str, code: int) -> None:
    listed = {
        "Id": "5e1f",
        "Names": ["/e1"],
        "ImageID": "sha256:1",
        "State": "exited",
        "Status": status,
        "Labels": None,
        "NetworkSettings": {"Networks": {"team": {"IPAddress": ""}}},
    }
    facts = from_list(listed)
    assert facts.exit_code == code
    assert facts.labels == {}
    assert facts.addresses == {}


def test_an_empty_label_asks_for_any_value() -> None:
    assert label_filter({"a": "1", "b": ""}) == {"label": ["a=1", "b"]}


def inspected(**state: Any) -> dict[str, Any]:
    told = {"Status": "running", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z"} | state
    networks = {"team": {"IPAddress": "10.213.0.5"}, "left": {"IPAddress": ""}}
    return {
        "Id": "5e1f",
        "Name": "/e1",
        "Image": "sha256:1",
        "State": told,
        "Config": {"Labels": None},
        "NetworkSettings": {"Networks": networks},
    }
