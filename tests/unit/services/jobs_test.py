from dataclasses import replace
from math import inf

import pytest

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.job import FOR_WRITERS
from oduflow.domain.outcome import Status
from oduflow.services.jobs import as_seen_by
from tests.support.memory.process import CALLER


def test_a_list_of_jobs_has_how_each_ended_and_one_job_has_its_data_too(process, sale):
    made = process.ok("create_environment", **sale)

    listed = next(
        job for job in process.ok("list_jobs").jobs if job.operation == "create_environment"
    )
    one = process.ok("get_job", job=listed.job)

    assert listed.result["data"] is None
    assert listed.result["summary"] == one.result["summary"]
    assert one.result["data"]["name"] == made.name


@pytest.mark.parametrize(
    "made",
    [
        ("copy_environment", {"name": "sale", "new_name": "hidden"}),
        ("save_as_template", {"name": "sale", "template": "hidden"}),
    ],
    ids=lambda made: made[0],
)
@pytest.mark.parametrize("fails", [False, True], ids=["made", "failed"])
def test_who_may_see_one_environment_learns_of_its_jobs_nothing_about_others(
    process, sale, made, fails
):
    process.ok("create_environment", **sale | {"modules": []})
    operation, arguments = made
    if fails:
        points = process.passed(operation, **arguments)
        point = next(each for each in points if each.endswith(".before"))
        undo = "delete_template" if "template" in arguments else "delete_environment"
        process.ok(undo, name="hidden")
        process.faults.fail(point)
    ended = process.call(operation, **arguments)
    status = Status.FAILED if fails else Status.OK
    calls = {"list_jobs": {}, "get_job": {"job": ended.job}, "wait_for_job": {"job": ended.job}}

    seen = {name: as_reader_of(process, "sale", name, raw) for name, raw in calls.items()}

    assert {name for name, answer in seen.items() if "hidden" in answer.model_dump_json()} == set()
    assert {name for name, answer in seen.items() if ended.job in answer.model_dump_json()} == set(
        calls
    )
    assert (ended.status, seen["wait_for_job"].status) == (status, status)
    assert (seen["wait_for_job"].error is not None) is fails
    assert "hidden" in process.call("get_job", job=ended.job).model_dump_json()


def as_reader_of(process, name, tool, raw):
    """Call an operation as an actor that may read one environment."""
    row = process.deps.store.environments.get("1", name)
    reader = Actor("1", ActorKind.CLI, "ci", frozenset({Tier.READ}), "", frozenset({row.id}))
    return process.runner.call(tool, raw, reader, CALLER, wait=inf)


@pytest.mark.parametrize("operation", sorted(FOR_WRITERS))
def test_what_code_and_statements_return_is_shown_to_those_who_may_write(process, sale, operation):
    assert operation in {each.name for each in process.runner.registry}
    made = process.call("create_environment", **sale)
    rows = process.deps.work.jobs
    job = replace(rows.get("1", made.job), operation=operation)
    reader = Actor("1", ActorKind.TOKEN, "reader", tiers=frozenset({Tier.READ}))
    writer = replace(reader, tiers=frozenset({Tier.READ, Tier.WRITE}))

    assert as_seen_by(writer, job) == job
    seen = as_seen_by(reader, job)
    assert seen.result is not None
    assert (seen.progress, seen.result["data"], seen.result["output"]) == (None, None, None)
    assert seen.result["status"] == "ok"
