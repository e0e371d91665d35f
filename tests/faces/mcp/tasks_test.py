"""Tasks: a slow tool answers with its job, and the job is read and cancelled as a task."""

import time
from typing import Any, Literal

import anyio
import httpx2
import pytest
from mcp import Client, types
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from pydantic import Field

from oduflow.blueprints.mcp.calls import Workers
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind, RateLimited
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from oduflow.kernel.call import CANCEL_CHECK_SECONDS
from tests.support import store_rows
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN, bearer
from tests.support.grants_world import GrantsWorld
from tests.support.mcp_world import MODERN, McpWorld, eventually

EXTENSION = "io.modelcontextprotocol/tasks"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {EXTENSION: {}}},
}
RESTART = {"name": "restart_environment", "arguments": {"name": "shop"}}


def asked(served: McpWorld, method: str, token: str = BLUE_TOKEN, **params: Any) -> dict[str, Any]:
    """Send a request of a client that has the extension; return the result, or the error."""
    answer = served.post(method, {"_meta": META, **params}, token=token).json()
    found: dict[str, Any] = answer.get("result") or answer["error"]
    return found


def started(served: McpWorld, made: GrantsWorld, token: str = BLUE_TOKEN) -> dict[str, Any]:
    """Start a slow tool whose job waits."""
    made.world.slots.free.clear()
    task = asked(served, "tools/call", token, **RESTART)
    assert task["resultType"] == "task"
    return task


def ended(served: McpWorld, task: str, token: str = BLUE_TOKEN) -> dict[str, Any]:
    eventually(lambda: asked(served, "tasks/get", token, taskId=task)["status"] != "working")
    return asked(served, "tasks/get", token, taskId=task)


@pytest.fixture(autouse=True)
def _set_free(made: GrantsWorld) -> Any:
    yield
    made.world.slots.free.set()
    eventually(lambda: not made.world.runner.jobs.store.unfinished())


class Started(types.Result):
    """The answer of a tool that has become a task."""

    result_type: Literal["task"] = Field("task", alias="resultType")
    task_id: str = Field(alias="taskId")


class PollingTasks(ClientExtension):
    """The extension in a client that waits for a task."""

    identifier = EXTENSION

    def __init__(self, served: McpWorld, made: GrantsWorld) -> None:
        self.seen: list[str] = []
        self._served = served
        self._made = made

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Started, resolve=self._resolve)]

    async def _resolve(self, task: Started, _context: ClaimContext) -> types.CallToolResult:
        self.seen.append(task.task_id)
        self._made.world.slots.free.set()
        done = await anyio.to_thread.run_sync(ended, self._served, task.task_id)
        return types.CallToolResult.model_validate(done["result"])


@pytest.mark.anyio
async def test_the_sdks_client_waits_for_a_task_and_gets_the_tools_result(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.world.slots.free.clear()
    tasks = PollingTasks(served, made)
    async with (
        httpx2.AsyncClient(headers=bearer(BLUE_TOKEN), timeout=30) as http,
        Client(
            streamable_http_client(served.url, http_client=http), mode=MODERN, extensions=[tasks]
        ) as client,
    ):
        result = await client.call_tool("restart_environment", {"name": "shop"})

    assert len(tasks.seen) == 1
    assert result.structured_content is not None
    assert result.structured_content["data"]["name"] == "shop"


def test_a_task_is_the_job_and_its_result_what_the_tool_answers(
    served: McpWorld, made: GrantsWorld
) -> None:
    task = started(served, made)
    job = served.call("get_job", job=task["taskId"])["data"]

    assert (task["status"], job["status"]) == ("working", "queued")
    assert task["createdAt"] == job["created_at"]
    assert task["ttlMs"] == 30 * 24 * 3600 * 1000
    made.world.slots.free.set()
    done = ended(served, task["taskId"])
    assert done["status"] == "completed"
    content = done["result"]["structuredContent"]
    assert (content["status"], content["job"]) == ("ok", task["taskId"])
    assert done["result"]["content"][0]["text"].startswith("shop is ")


def test_a_cancelled_task_is_a_cancelled_job(served: McpWorld, made: GrantsWorld) -> None:
    task = started(served, made)["taskId"]

    assert asked(served, "tasks/cancel", taskId=task)["resultType"] == "complete"
    time.sleep(CANCEL_CHECK_SECONDS)
    made.world.slots.free.set()
    assert ended(served, task)["status"] == "cancelled"
    assert "result" not in ended(served, task)
    assert served.call("get_job", job=task)["data"]["status"] == "cancelled"
    assert asked(served, "tasks/cancel", taskId=task)["resultType"] == "complete"


@pytest.mark.parametrize(
    ("status", "kind", "task_status"),
    [
        (Status.FAILED, Kind.CONFLICT, "completed"),
        (Status.FAILED, Kind.INTERNAL, "failed"),
        (Status.INTERRUPTED, Kind.CANCELLED, "failed"),
    ],
)
def test_a_failed_tool_has_a_result_and_a_defect_or_a_kill_an_error(
    served: McpWorld, made: GrantsWorld, status: Status, kind: Kind, task_status: str
) -> None:
    job = store_rows.job(id=new_id(), actor=Actor("1", ActorKind.TOKEN, "auth_token"))
    error = ErrorView(kind=kind, message="It went wrong.", hint="Call again.")
    ending = Envelope[Nothing](status=status, summary="It went wrong.", error=error, job=job.id)
    made.world.runner.jobs.store.add(job)
    made.world.runner.jobs.store.finish(job.id, status, ending.model_dump(mode="json"))

    task = asked(served, "tasks/get", taskId=job.id)
    assert task["status"] == task_status
    if task_status == "completed":
        assert task["result"]["isError"] is True
    else:
        assert task["error"]["message"] == "It went wrong."
        assert task["error"]["data"]["kind"] == kind
        assert "result" not in task


def test_the_result_of_an_operation_that_a_release_left_out_is_still_read(
    served: McpWorld, made: GrantsWorld
) -> None:
    actor = Actor("1", ActorKind.TOKEN, "auth_token")
    job = store_rows.job(id=new_id(), actor=actor, operation="polish_environment")
    ending = Envelope[Nothing](status=Status.OK, summary="It shines.", job=job.id)
    made.world.runner.jobs.store.add(job)
    made.world.runner.jobs.store.finish(job.id, Status.OK, ending.model_dump(mode="json"))

    task = asked(served, "tasks/get", taskId=job.id)
    assert task["result"]["structuredContent"]["summary"] == "It shines."


def test_a_task_that_has_begun_is_answered_also_when_no_further_call_is_free(
    served: McpWorld, made: GrantsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire = Workers.acquire

    async def once(self: Workers, team: str) -> Any:
        limiter = await acquire(self, team)
        monkeypatch.setattr(Workers, "acquire", refuse)
        return limiter

    async def refuse(_self: Workers, _team: str) -> Any:
        raise RateLimited("12 calls of this team are running already.", retry_after=5)

    monkeypatch.setattr(Workers, "acquire", once)
    task = started(served, made)
    monkeypatch.setattr(Workers, "acquire", acquire)
    assert asked(served, "tasks/get", taskId=task["taskId"])["status"] == "working"


def test_a_client_without_the_extension_waits_as_before(
    served: McpWorld, made: GrantsWorld
) -> None:
    made.world.slots.free.set()
    assert served.call("restart_environment", name="shop")["status"] == "ok"
    refused = served.post("tasks/get", {"taskId": "aaaaaaaaaaaa"}).json()["error"]
    assert refused["code"] == types.MISSING_REQUIRED_CLIENT_CAPABILITY
    assert refused["data"]["requiredCapabilities"] == {"extensions": {EXTENSION: {}}}


def test_a_quick_tool_is_no_task(served: McpWorld) -> None:
    result = asked(served, "tools/call", name="get_environment", arguments={"name": "shop"})

    assert result["structuredContent"]["data"]["name"] == "shop"


def test_a_refused_slow_call_is_a_result_and_no_task(served: McpWorld) -> None:
    nowhere = {"name": "nowhere"}
    result = asked(served, "tools/call", name="restart_environment", arguments=nowhere)

    assert (result["isError"], result["structuredContent"]["error"]["kind"]) == (True, "not_found")


@pytest.mark.parametrize("method", ["tasks/get", "tasks/cancel", "tasks/update"])
def test_a_task_is_there_for_those_who_may_see_the_job(
    served: McpWorld, made: GrantsWorld, method: str
) -> None:
    task = started(served, made)["taskId"]
    till = made.grant(f"till {method}".replace("/", " "), environments=["till"])
    params = {"taskId": task, "inputResponses": {}}

    for token in (RED_TOKEN, till):
        error = asked(served, method, token, **params)
        assert (error["code"], error["message"]) == (-32602, f"There is no job {task}.")
    assert asked(served, method, **params)["resultType"] == "complete"


def test_polling_uses_up_no_call_of_a_grant(served: McpWorld, made: GrantsWorld) -> None:
    token = made.grant("one call", environments=["shop"], calls=2)
    task = started(served, made, token)["taskId"]
    made.world.slots.free.set()

    assert ended(served, task, token)["status"] == "completed"
    assert asked(served, "tasks/get", token, taskId=task)["status"] == "completed"


def test_header_and_body_must_name_one_task(served: McpWorld) -> None:
    answer = served.post(
        "tasks/get", {"_meta": META, "taskId": "aaaaaaaaaaaa"}, headers={"Mcp-Name": "b"}
    )

    assert answer.json()["error"]["code"] == types.HEADER_MISMATCH


def test_only_the_era_that_has_the_extension_is_offered_it(served: McpWorld) -> None:
    legacy = served.initialize().json()["result"]["capabilities"]
    modern = served.post("server/discover").json()["result"]["capabilities"]

    assert modern["extensions"] == {EXTENSION: {}}
    assert "extensions" not in legacy
    session = served.session()
    body = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"taskId": "aaaaaaaaaaaa"}}
    answer = session.post(served.url, json=body, timeout=30).json()
    assert answer["error"]["code"] == types.METHOD_NOT_FOUND
