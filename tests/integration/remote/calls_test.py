"""A call to a remote server is parsed, answered and ended like a local one."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mcp.types import CallToolResult

from oduflow.blueprints.mcp.results import refusal_of
from oduflow.blueprints.wait_limits import too_many_waiting
from oduflow.cli.failures import EXIT_CODES
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Status
from oduflow.kernel.call import Origin
from tests.support.fakes import RED_TOKEN, World
from tests.support.mcp_world import McpWorld, eventually
from tests.support.remote_world import Answer, CommandRunner, always, tampered

FREE_AFTER_SECONDS = 1.5  # longer than the server waits
BLUE = Actor("1", ActorKind.TOKEN, "auth_token")


def test_a_call_prints_what_people_read(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "create_thing", "Lamp", "--colours", "red", "--url", server.url)

    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:2] == ["lamp is made.", "warning: It is small."]
    assert shown.stdout.splitlines()[-1] == (f"next: oduflow call get_thing --url {server.url}")
    assert "red" in shown.stdout
    assert shown.stderr == ""


def test_a_script_reads_the_envelope_of_a_call_in_this_process(
    server: McpWorld, call: CommandRunner
) -> None:
    words = ["list_things", "lamp", "--colours", "red", "--heavy", "--limit", "3"]
    raw = {"text": "lamp", "colours": ["red"], "heavy": True, "limit": "3"}

    shown = call("call", "--json", *words, "--url", server.url)

    here = server.world.runner.call("list_things", raw, BLUE, Origin("cli"))
    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == json.loads(here.model_dump_json(exclude_none=True))


@pytest.mark.parametrize("end", ["", "/", "/mcp", "/mcp/"])
def test_the_server_may_be_written_with_or_without_its_path(
    server: McpWorld, call: CommandRunner, end: str
) -> None:
    url = server.url.removesuffix("/mcp") + end

    assert call("call", "get_thing", "lamp", "--url", url).exit_code == 0


def test_the_token_says_which_team_it_is(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "--json", "get_thing", "lamp", "--url", server.url, token=RED_TOKEN)

    assert json.loads(shown.stdout)["data"]["owner"] == "2"


def test_a_token_file_does_as_well(server: McpWorld, call: CommandRunner, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(RED_TOKEN)
    file.chmod(0o600)

    shown = call("call", "--json", "get_thing", "x", "--url", server.url, "--token-file", file)

    assert json.loads(shown.stdout)["data"]["owner"] == "2", "it wins over the environment"


def test_a_value_is_read_from_stdin(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "get_thing", "-", "--url", server.url, typed="lamp\n")

    assert "lamp is here." in shown.stdout


def test_the_arguments_may_be_one_json_object(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "get_thing", '{"name": "lamp"}', "--url", server.url)

    assert "lamp is here." in shown.stdout


@pytest.mark.parametrize("kind", sorted(Kind))
def test_a_refusal_of_the_server_leaves_with_its_kinds_code(
    server: McpWorld, call: CommandRunner, kind: Kind
) -> None:
    shown = call("call", "fail_thing", "lamp", kind, "--url", server.url)

    assert (shown.exit_code, shown.stdout) == (EXIT_CODES[kind], "")
    assert f"{kind}: It went wrong.\n  → Do this.\n" in shown.stderr


def test_a_script_reads_a_refusal_from_the_envelope(server: McpWorld, call: CommandRunner) -> None:
    shown = call("call", "--json", "fail_thing", "lamp", "quota", "--url", server.url)

    answer = json.loads(shown.stdout)
    assert shown.exit_code == 73
    assert (answer["status"], answer["error"]["kind"]) == ("failed", "quota")
    assert answer["error"]["output"] == "the last line"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["get_thing"], 2, "invalid: get_thing: name is required."),
        (["get_thing", "--nam", "x"], 2, "invalid: get_thing has no field --nam."),
        (["get_thing", "x", "y"], 2, "invalid: get_thing takes at most 1 value,"),
        (["get_thin", "x"], 4, "→ Did you mean “get_thing”?"),
        (["xxx", "x"], 4, "lists no operation “xxx” for this token.\n  → `oduflow tools --url"),
        (["delet_thing", "x"], 4, "→ Did you mean “delete_thing”?"),
        (["delet_environment", "x"], 4, "for this token.\n  → `oduflow tools --url"),
        (["delete_environment", "x"], 77, "→ Ask for a grant with the tier destroy.\n"),
        (["create_environment", "x"], 77, "and create_environment is about the whole team.\n"),
    ],
)
def test_a_mistake_is_told_as_here(
    server: McpWorld, call: CommandRunner, words: list[str], code: int, said: str
) -> None:
    shown = call("call", *words, "--url", server.url)

    assert (shown.exit_code, shown.stdout) == (code, "")
    assert said in shown.stderr


def test_a_slow_call_shows_its_steps_and_waits_beyond_the_servers_patience(
    server: McpWorld, call: CommandRunner
) -> None:
    """The server answers a handle after 0.2 s; the job waits for a boot slot until then."""
    world = server.world
    world.slots.free.clear()
    asked = len(world.audit.outcomes)

    def free_later() -> None:
        eventually(lambda: queued(server), 60)
        time.sleep(FREE_AFTER_SECONDS)
        world.slots.free.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(free_later)
        shown = call("call", "--json", "bake_thing", "lamp", "--url", server.url)

    answer = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert (answer["status"], answer["summary"]) == ("ok", "lamp is baked.")
    assert answer["job"] in world.job_rows.rows
    assert "bake_thing: waiting for a boot slot, number 1 in the queue\n" in shown.stderr
    assert ("wait_for_job", "ok") in world.audit.outcomes[asked:]


@pytest.mark.parametrize("kind", [Kind.UPSTREAM, Kind.CANCELLED, Kind.CONFLICT])
def test_a_slow_call_that_fails_leaves_with_its_kinds_code(
    server: McpWorld, call: CommandRunner, kind: Kind
) -> None:
    shown = call("call", "burn_thing", "lamp", kind, "--url", server.url)

    assert (shown.exit_code, shown.stdout) == (EXIT_CODES[kind], "")
    assert f"{kind}: It went wrong.\n  → Do this.\n" in shown.stderr


def test_a_server_without_room_to_wait_is_asked_again(call: CommandRunner) -> None:
    refusals = [too_many_waiting()]
    world_of: list[World] = []

    def change(body: bytes) -> Answer:
        answer = json.loads(body)
        if refusals:
            answer["result"] = as_json(refusal_of(refusals.pop()))
            world_of[0].slots.free.set()
        return always("200 OK", json.dumps(answer).encode(), Content_Type="application/json")({})

    with tampered("wait_for_job", change) as (url, world):
        world_of.append(world)
        world.slots.free.clear()
        shown = call("call", "bake_thing", "lamp", "--url", url)

    assert refusals == []
    assert shown.exit_code == 0
    assert "lamp is baked." in shown.stdout


def test_a_remote_call_does_not_wait_for_ever(
    server: McpWorld, call: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduflow.cli.remote.server.LONGEST_JOB_SECONDS", 0)
    server.world.slots.free.clear()

    shown = call("call", "bake_thing", "lamp", "--url", server.url)

    [job] = server.world.job_rows.unfinished()
    server.world.slots.free.set()
    assert shown.exit_code == 75
    assert f"The job continues: `oduflow call get_job {job.id} " in shown.stderr


def as_json(result: CallToolResult) -> object:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def queued(server: McpWorld) -> bool:
    return any(job.status is Status.QUEUED for job in server.world.job_rows.unfinished())
