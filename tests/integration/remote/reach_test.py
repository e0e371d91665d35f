"""The command line lists only the operations that the token may call."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.grants_world import GrantsWorld, grants_world
from tests.support.mcp_world import McpWorld, mcp_world
from tests.support.remote_world import CommandRunner


def test_the_tools_are_those_that_the_token_may_call(
    made: GrantsWorld, server: McpWorld, call: CommandRunner
) -> None:
    reader = made.grant("reader", environments=["shop"], tiers=["read"])

    narrow = call("tools", "--url", server.url, token=reader).stdout
    whole = call("tools", "--url", server.url).stdout

    assert "get_environment\t" in narrow
    for beyond in ("delete_environment", "create_environment", "list_templates"):
        assert f"\n{beyond}\t" in whole
        assert beyond not in narrow


def test_a_remote_tool_is_shown_with_its_fields_and_its_effect(
    server: McpWorld, call: CommandRunner
) -> None:
    shown = call("tools", "delete_environment", "--url", server.url).stdout

    assert shown.startswith("Usage: oduflow call delete_environment name\n\nDelete an environment")
    assert "\neffect destroy\n" in shown
    assert "\n  name (text, required)\n    " in shown


def test_what_is_beyond_a_grant_is_not_listed_for_it(
    made: GrantsWorld, server: McpWorld, call: CommandRunner
) -> None:
    reader = made.grant("narrow", environments=["shop"], tiers=["read"])

    shown = call("call", "delete_environment", "shop", "--url", server.url, token=reader)

    assert shown.exit_code == 77
    assert shown.stderr.startswith("forbidden: ")
    assert "delete_environment" in shown.stderr


def test_the_path_of_an_environment_says_which(server: McpWorld, call: CommandRunner) -> None:
    url = f"{server.url}/shop"

    shown = call("call", "--json", "get_environment", "--url", url)

    assert json.loads(shown.stdout)["data"]["name"] == "shop"
    assert "\n  name (" not in call("tools", "get_environment", "--url", url).stdout
    assert "create_environment" not in call("tools", "--url", url).stdout


def test_the_path_of_no_environment_is_told(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "get_environment", "--url", f"{server.url}/nowhere")

    assert (shown.exit_code, shown.stdout) == (4, "")
    assert "not_found: There is no environment “nowhere”." in shown.stderr


def test_a_wrong_token_is_told_with_the_next_step(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "list_environments", "--url", server.url, token="wrong-token-012345")

    assert (shown.exit_code, shown.stdout) == (77, "")
    assert "unauthenticated: The Bearer token is wrong." in shown.stderr
    assert "→ $ODUFLOW_TOKEN or --token-file must hold" in shown.stderr


def test_a_grant_that_ended_is_told_from_a_wrong_token(
    made: GrantsWorld, server: McpWorld, call: CommandRunner
) -> None:
    ended = made.grant("ended", calls=1)

    first = call("call", "get_status", "--url", server.url, token=ended)
    shown = call("call", "get_status", "--url", server.url, token=ended)

    assert (first.exit_code, shown.exit_code) == (0, 77)
    assert "unauthenticated: The grant ended is no longer valid: it is spent." in shown.stderr


def test_a_wrong_token_is_presented_once(server: McpWorld, call: CommandRunner) -> None:
    """Each wrong one counts against the address."""
    strangers = server.world.audit.strangers
    before = len(strangers)

    call("tools", "--url", server.url, token="wrong-token-543210")

    assert len(strangers) == before + 1


def test_a_script_reads_a_wrong_token_from_the_envelope(
    server: McpWorld, call: CommandRunner
) -> None:
    shown = call("call", "--json", "get_status", "--url", server.url, token="wrong-token-012345")

    assert shown.exit_code == 77
    assert json.loads(shown.stdout)["error"]["kind"] == "unauthenticated"


def test_who_may_begin_a_job_but_not_look_at_it_learns_that_it_goes_on(
    made: GrantsWorld, server: McpWorld, call: CommandRunner
) -> None:
    writer = made.grant("writer", environments=["till"], tiers=["write"])
    made.world.slots.free.clear()

    shown = call("call", "restart_environment", "till", "--url", server.url, token=writer)

    [job] = made.deps.work.jobs.store.unfinished()
    made.world.slots.free.set()
    assert shown.exit_code == 77
    assert "forbidden:" in shown.stderr
    assert f"The job continues: `oduflow call get_job {job.id} --url {server.url}`" in shown.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrantsWorld]:
    with grants_world(Path(tmp_path_factory.mktemp("grants"))) as world:
        yield world


@pytest.fixture(scope="module")
def server(made: GrantsWorld) -> Iterator[McpWorld]:
    with mcp_world(wait_seconds=0.2, make=made.answering) as served:
        yield served
