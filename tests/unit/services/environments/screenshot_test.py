"""Screenshots by a browser in memory, whose process may die at any step."""

import base64
import json
import struct
import time

import pytest

from oduflow.adapters.docker.build import BROWSER_OF
from oduflow.domain.container import ExecResult
from oduflow.domain.errors import Kind
from oduflow.domain.outcome import Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments import connect, screenshot
from tests.support.memory.images import image

SERVING, BROWSER = "memory-env-1.sale", "memory-env-1.sale.browser"
VALUE = "a-session-for-tests-only"
FACTS = {
    "url": "http://localhost:20000/odoo",
    "title": "Odoo",
    "status": 200,
    "exceptions": [],
    "console": [],
    "requests": [],
    "settled": True,
    "crashed": False,
    "seconds": 2.25,
}


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


@pytest.fixture
def browser(world, process, sale, monkeypatch):
    """Let the browser say something; return what was run, and which sessions were ended."""
    own = image("odoo:19.0")
    world.images.here["odoo:19.0-browser"] = type(own)(
        "sha256:browser", "odoo:19.0-browser", own.uid, own.gid, (), {BROWSER_OF: own.id}
    )
    process.ok("create_environment", **sale)
    ran, ended = [], []

    def say(size=(1280, 800), *, ends=None, **facts):
        def run(container, spec):
            given = json.loads(spec.stdin)
            ran.append((container.spec.name, container.spec, given))
            if container.spec.name == SERVING:
                made = {"cookie": VALUE, "user": "Demo", "uid": 7, "ends": time.time() + 180}
                return ExecResult(0, f"{given['mark']} {json.dumps(made)}", 1.0)
            if ends is not None:
                return ends
            said = {"facts": FACTS | facts, "png": base64.b64encode(png(*size)).decode()}
            return ExecResult(0, f"{given['mark']}.{json.dumps(said)}", 2.0)

        world.engine.inside = run
        monkeypatch.setattr(connect, "user_of_session", lambda _address, _cookie: 7)
        monkeypatch.setattr(screenshot, "end_session", lambda _address, each: ended.append(each))
        return ran, ended

    return say


def take(process, path="/web", **more):
    return process.call("take_screenshot", name="sale", path=path, **more)


def plan_of(process):
    row = process.deps.store.environments.get("1", "sale")
    return EnvironmentPlan.of(process.deps.naming, row)


def test_a_page_is_drawn_beside_the_environment_and_nothing_is_left(world, process, browser):
    ran, _ = browser()

    done = take(process, "/web?debug=1")

    assert done.status is Status.OK, done
    assert done.summary == "/web of sale was loaded in 2.25 s."
    assert (done.data.url, done.data.status) == (FACTS["url"], 200)
    assert process.runner.image("1", done.image) == png(1280, 800)
    ((name, spec, given),) = ran
    assert (name, spec.network_of, spec.read_only) == (BROWSER, SERVING, True)
    assert (spec.networks, spec.publish, [each.kind for each in spec.mounts]) == ((), (), ["tmpfs"])
    assert (given["path"], given["cookie"]) == ("/web?debug=1", None)
    assert BROWSER not in world.engine.containers
    assert not plan_of(process).browser_mark.exists()


def test_the_page_of_a_user_is_seen_with_a_session_that_is_ended_and_never_shown(process, browser):
    ran, ended = browser(console=[f"session {VALUE}"], url=f"http://x/?s={VALUE}")

    done = take(process, user="demo")

    port = process.deps.store.environments.get("1", "sale").port
    assert ran[1][2]["cookie"] == [f"session_id_{port}", VALUE]
    assert ended == [f"session_id_{port}={VALUE}"]
    assert done.data.console == ("session ****",)
    job = process.deps.work.jobs.store.get("1", done.job)
    assert VALUE not in done.model_dump_json() + json.dumps(job.result)
    assert done.warnings == ("The page wrote 1 error into its console.",)


def test_a_page_that_does_not_work_is_a_failure_with_its_picture(process, browser):
    browser(exceptions=["E: x\n at y"], requests=["404 GET /z"])

    failed = take(process)

    assert (failed.status, failed.error.kind) == (Status.FAILED, Kind.UPSTREAM)
    assert failed.error.message == "/web of sale raised an error: E: x."
    assert failed.error.output == "E: x\n at y"
    assert failed.warnings == ("1 request of the page failed.",)
    assert process.runner.image("1", failed.image) == png(1280, 800)


def test_a_picture_of_another_size_is_none(process, browser):
    browser((640, 480))

    failed = take(process)

    assert "did not let itself be drawn" in failed.error.message
    assert failed.image is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (ExecResult(1, "Traceback\nEOFError: the browser ended", 1.0), "EOFError: the browser"),
        (ExecResult(137, "", 61.0, timed_out=True), "did not end within 60 s"),
        (ExecResult(0, "", 1.0), "it said nothing"),
    ],
)
def test_a_browser_that_says_nothing_is_a_failure(world, process, browser, ends, said):
    browser(ends=ends)

    failed = take(process)

    assert said in failed.error.message
    assert BROWSER not in world.engine.containers


def test_without_an_image_with_a_browser_the_next_step_is_told(world, process, browser):
    ran, _ = browser()
    del world.images.here["odoo:19.0-browser"]

    error = take(process).error

    assert error.kind is Kind.CONFLICT
    assert "oduflow images build odoo:19.0-browser" in error.hint
    assert ran == []


def test_an_environment_that_does_not_run_is_not_looked_at(process, browser):
    browser()
    process.ok("stop_environment", name="sale")

    assert take(process).error.next[0].operation == "start_environment"


@pytest.mark.parametrize("step", ["session", "browser", "page"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_between_steps_leaves_no_container(world, process, browser, step, moment):
    browser()
    before = world.everything()
    process.killed(
        "take_screenshot", at=f"screenshot.{step}.{moment}", name="sale", path="/web", user="demo"
    )

    again = type(process)(world)
    again.reconcile()

    assert world.everything() == before
    assert not plan_of(again).browser_mark.exists()


def test_a_deleted_environment_takes_the_browser_of_a_dead_process_along(world, process, browser):
    browser()
    process.killed("take_screenshot", at="screenshot.page.before", name="sale", path="/web")
    assert BROWSER in world.engine.containers

    again = type(process)(world)
    again.ok("delete_environment", name="sale")

    assert BROWSER not in world.engine.containers
