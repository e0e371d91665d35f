"""The image that belongs to an answer, on every face, from a quick call and from a job."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from oduflow.cli.pictures import save_picture
from oduflow.cli.remote.server import RemoteServer
from oduflow.cli.remote.target import parse_address
from oduflow.domain.access import Actor, ActorKind, Permission, Scope, Tier
from oduflow.domain.environment import Environment
from oduflow.domain.errors import NotFound, UpstreamFailed
from oduflow.domain.outcome import ErrorView, Outcome, Status
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.operation import Effect, operation
from oduflow.operations.jobs.cancel import cancel_job
from oduflow.operations.jobs.get import get_job
from oduflow.operations.jobs.wait import wait_for_job
from oduflow.operations.outputs.read import read_output
from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    TWO_TEAMS,
    FakeEnvironments,
    FakeOutputs,
    World,
    basic,
    make_world,
)
from tests.support.mcp_world import MODERN, McpWorld, mcp_world
from tests.support.parts import deps_of
from tests.support.things import Thing, ThingName

PNG = b"\x89PNG\r\n\x1a\n\xff\x00"
BLUE = basic(BLUE_PASSWORD)
WANTS_PNG = {**BLUE, "Accept": "image/png"}
ADA = Actor("1", ActorKind.TOKEN, "ada")


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    rest="POST /environments/{name}/picture",
)
def draw_thing(deps: Any, call: Call, args: ThingName, environment: Environment) -> Outcome[Thing]:
    """Draw a thing."""
    thing = Thing(name=args.name, owner="ada")
    if args.name == "shop":
        return Outcome(thing, "It is drawn.", image=PNG)
    error = ErrorView.of(UpstreamFailed("It is odd."))
    return Outcome(thing, "It is odd.", image=PNG, status=Status.FAILED, error=error)


def draw(world: World, name: str = "shop") -> Any:
    return world.runner.call("draw_thing", {"name": name}, ADA, Origin("rest"), wait=10)


def test_the_envelope_of_a_job_names_the_image_and_its_row_does_not_hold_it(world: World) -> None:
    answer = draw(world)

    assert world.runner.image("1", answer.image) == PNG
    assert [step.as_call() for step in answer.next] == [f"read_output handle={answer.image}"]
    job = world.job_rows.rows[answer.job]
    assert job.result is not None
    assert "PNG" not in str(job.result)


def test_a_disk_too_full_for_an_image_costs_the_image_only(world: World) -> None:
    world.outputs.full = True

    answer = draw(world)

    assert (answer.status, answer.image) == (Status.OK, None)
    assert answer.warnings == ("The image was not kept: The disk is full.",)


def test_who_waits_for_the_job_gets_the_image_too(world: World) -> None:
    answer = draw(world)
    waited = world.runner.call("wait_for_job", {"job": answer.job}, ADA, Origin("rest"))

    assert waited.image == answer.image


def test_over_rest_a_client_that_wants_it_gets_the_image_itself(world: World) -> None:
    client, path = world.client(), "/api/environments/shop/picture"
    drawn = client.post(path, headers={**WANTS_PNG, "Prefer": "wait=10"}, json={})
    listed = client.post(path, headers={**BLUE, "Prefer": "wait=10"}, json={})
    read = f"/api/outputs/{listed.json['image']}"

    assert (drawn.status_code, drawn.mimetype, drawn.data) == (200, "image/png", PNG)
    assert client.get(read, headers=WANTS_PNG).data == PNG
    assert client.get(read, headers=BLUE).json["summary"] == "A PNG image."
    refused = client.get(f"/api/outputs/{'z' * 12}", headers=WANTS_PNG)
    assert (refused.status_code, refused.mimetype) == (404, "application/problem+json")


def test_over_rest_a_failed_job_is_a_problem_that_names_the_image(world: World) -> None:
    failed = world.client().post(
        "/api/environments/odd/picture", headers={**WANTS_PNG, "Prefer": "wait=10"}, json={}
    )

    assert (failed.status_code, failed.json["detail"]) == (502, "It is odd.")
    assert world.runner.image("1", failed.json["image"]) == PNG


@pytest.mark.parametrize("name", ["shop", "odd"])
def test_over_mcp_it_is_an_image_block_beside_the_text(served: McpWorld, name: str) -> None:
    answer = served.post("tools/call", {"name": "draw_thing", "arguments": {"name": name}})
    result = answer.json()["result"]
    handle = result["structuredContent"]["image"]
    again = served.post("tools/call", {"name": "read_output", "arguments": {"handle": handle}})

    assert result["isError"] is (name == "odd")
    for blocks in (result["content"], again.json()["result"]["content"]):
        text, picture = blocks
        assert (text["type"], picture["type"]) == ("text", "image")
        assert picture["mimeType"] == "image/png"
        assert base64.b64decode(picture["data"]) == PNG


def test_over_mcp_it_is_a_resource_of_its_own_kind(served: McpWorld) -> None:
    handle = draw(served.world).image
    uri = f"oduflow://outputs/{handle}"
    answer = served.post("resources/read", {"uri": uri}).json()

    (content,) = answer["result"]["contents"]
    assert (content["uri"], content["mimeType"]) == (uri, "image/png")
    assert base64.b64decode(content["blob"]) == PNG


def test_over_mcp_the_result_of_a_task_has_it(served: McpWorld) -> None:
    capabilities: Any = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    }
    job = draw(served.world).job
    answer = served.post(
        "tasks/get", {"_meta": meta, "taskId": job}, headers={"Mcp-Name": job}
    ).json()

    picture = answer["result"]["result"]["content"][1]
    assert base64.b64decode(picture["data"]) == PNG


def test_the_dashboard_shows_it_and_has_it_alone(world: World) -> None:
    handle, client = draw(world).image, world.client()
    page = client.get(f"/outputs/{handle}", headers=BLUE)
    alone = client.get(f"/outputs/{handle}/image", headers=BLUE)

    assert f'src="/outputs/{handle}/image"' in page.text
    assert (alone.mimetype, alone.data) == ("image/png", PNG)
    assert client.get(f"/outputs/{'z' * 12}/image", headers=BLUE).status_code == 404
    assert client.get(f"/outputs/{handle}/image").status_code == 401


def test_a_text_has_no_image(world: World) -> None:
    handle = world.outputs.keep("text", team="1", environment="")

    assert world.client().get(f"/outputs/{handle}/image", headers=BLUE).status_code == 404


def test_a_callers_environment_decides_who_sees_it(world: World) -> None:
    handle = draw(world).image
    other = Actor("1", ActorKind.GRANT, "ci", frozenset({Tier.READ}), "g", frozenset({"id-odd"}))

    with pytest.raises(NotFound):
        world.runner.call("read_output", {"handle": handle}, other, Origin("mcp"))


def test_the_command_line_saves_it_as_a_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = draw(world)
    caller: Any = Here(world)

    save_picture(caller, answer)
    save_picture(caller, answer.model_copy(update={"image": None}))
    save_picture(caller, answer.model_copy(update={"image": "z" * 12}))

    (file,) = tmp_path.iterdir()
    assert (file.name, file.read_bytes()) == (f"oduflow-{answer.image}.png", PNG)
    said = capsys.readouterr().err
    assert f"image: {file.name}" in said
    assert f"warning: there is no image {'z' * 12} any more" in said


def test_the_command_line_reads_it_from_a_remote_server(served: McpWorld) -> None:
    handle = draw(served.world).image
    text = served.world.outputs.keep("text", team="1", environment="")
    server = RemoteServer(parse_address(served.url.removesuffix("/mcp")), BLUE_TOKEN)

    assert server.image(handle) == PNG
    assert server.image(text) is None


class Here:
    """Reads images in this process."""

    def __init__(self, world: World) -> None:
        self.world = world

    def image(self, handle: str) -> bytes | None:
        return self.world.runner.image("1", handle)


def drawing(toml: str) -> World:
    handlers = (draw_thing, cancel_job, get_job, read_output, wait_for_job)
    outputs = FakeOutputs()
    deps = deps_of(outputs=outputs)
    world = make_world(
        toml,
        operations=[cast("Any", each).__operation__ for each in handlers],
        environments=FakeEnvironments({("1", "shop"): "id-shop", ("1", "odd"): "id-odd"}),
        outputs=outputs,
        deps=deps,
    )
    deps.work.jobs = world.runner.jobs
    return world


@pytest.fixture
def world() -> World:
    return drawing(TWO_TEAMS)


@pytest.fixture
def served() -> Iterator[McpWorld]:
    with mcp_world(make=drawing) as made:
        yield made
