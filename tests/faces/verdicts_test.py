"""wait_for_job carries the verdict of its job; get_job only shows it."""

import pytest

from oduflow.blueprints.mcp.results import result_of
from oduflow.blueprints.mcp.tools import Shape
from oduflow.cli.render import print_result
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.outcome import Envelope
from oduflow.kernel.call import Origin
from tests.support.dashboard_world import BLUE, GONE, REPOSITORY, make_dashboard

ADA = Actor("1", ActorKind.CLI, "ada")


@pytest.fixture
def dashboard():
    return make_dashboard()


def test_over_rest_the_envelope_has_the_status_and_the_error_of_the_job(dashboard):
    world, _ = dashboard
    job = begun(world, GONE)
    world.runner.jobs.wait("1", job, 10)

    waited = world.client().get(f"/api/jobs/{job}/wait", headers=BLUE)
    assert (waited.status_code, waited.json["status"]) == (200, "failed")
    assert waited.json["error"]["message"] == "The git server does not answer."
    assert waited.json["data"]["job"] == job

    shown = world.client().get(f"/api/jobs/{job}", headers=BLUE)
    assert (shown.status_code, shown.json["status"], shown.json["error"]) == (200, "ok", None)


def test_over_mcp_a_failed_job_is_an_error(dashboard):
    world, _ = dashboard
    answer = waited(world, begun(world, GONE))

    assert result_of(answer, Shape(Envelope)).is_error
    assert not result_of(waited(world, begun(world, REPOSITORY)), Shape(Envelope)).is_error


def test_on_the_command_line_the_exit_code_is_that_of_the_jobs_error(dashboard, capsys):
    world, _ = dashboard

    with pytest.raises(SystemExit) as ended:
        print_result(waited(world, begun(world, GONE)), as_json=False)
    assert ended.value.code == 69
    assert "upstream: The git server does not answer." in capsys.readouterr().err
    assert print_result(waited(world, begun(world, REPOSITORY)), as_json=True) == 0


def test_a_job_that_still_runs_is_no_success(dashboard):
    world, ledger = dashboard
    ledger.go.clear()
    answer = waited(world, begun(world, REPOSITORY), seconds=0)
    ledger.go.set()

    assert (answer.status, answer.error) == ("running", None)
    assert print_result(answer, as_json=True) == 75


def begun(world, repo_url: str) -> str:
    raw = {"name": "demo", "repo_url": repo_url}
    return str(world.runner.call("create_environment", raw, ADA, Origin("cli")).job)


def waited(world, job: str, seconds: int = 10):
    raw = {"job": job, "seconds": seconds}
    return world.runner.call("wait_for_job", raw, ADA, Origin("cli"))
