"""Answers and refusals as tool results."""

from dataclasses import asdict
from typing import Any

import pytest

from oduflow.blueprints.mcp.results import refusal_of, result_of
from oduflow.blueprints.mcp.tools import Shape
from oduflow.domain.errors import Busy, Cancelled, NotFound, RateLimited, UpstreamFailed
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status
from tests.support.things import Thing

SHAPE = Shape(Envelope[Thing])


def _text(result: Any) -> str:
    [block] = result.content
    text: str = block.text
    return text


def test_an_answer_is_its_envelope_and_a_text() -> None:
    envelope = Envelope[Thing](
        status=Status.OK,
        summary="It is made.",
        data=Thing(name="a", owner="1"),
        warnings=("It is small.",),
        next=(Next.of("get_thing", "shows it", name="a"),),
    )

    result = result_of(envelope, SHAPE)

    assert not result.is_error
    assert result.structured_content == {
        "status": "ok",
        "summary": "It is made.",
        "data": {"name": "a", "owner": "1", "colours": []},
        "warnings": ["It is small."],
        "next": [{"operation": "get_thing", "arguments": {"name": "a"}, "reason": "shows it"}],
    }
    assert _text(result).splitlines() == [
        "It is made.",
        "Warning: It is small.",
        "Next: get_thing name=a shows it.",
        '{"name":"a","owner":"1","colours":[]}',
    ]


def test_the_text_carries_all_that_the_structured_content_does() -> None:
    thing = Thing(name="begin " + "x" * 50_000 + " end", owner="line 1\n  line “2”\n")
    envelope = Envelope[Thing](
        status=Status.OK, summary="Much.", data=thing, output="abcdefghijkl", truncated=True
    )

    result = result_of(envelope, SHAPE)

    assert result.structured_content["data"] == thing.model_dump(mode="json")
    assert _text(result).split("\n") == [
        "Much.",
        "output: abcdefghijkl",
        "truncated: True",
        f'{{"name":"{thing.name}","colours":[]}}',
        "owner:",
        "line 1",
        "  line “2”",
    ]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.INTERRUPTED])
def test_a_job_that_did_not_succeed_is_an_error(status: Status) -> None:
    error = ErrorView.of(NotFound("There is none.", "list_things", output="Traceback …"))

    result = result_of(Envelope[Thing](status=status, summary="No.", error=error), SHAPE)

    assert result.is_error
    assert result.structured_content["status"] == status
    assert "Traceback …" in _text(result)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_a_job_that_goes_on_is_not_an_error(status: Status) -> None:
    envelope = Envelope[Thing](status=status, summary="Step 1 of 2.", job="abcdefghijkl")

    result = result_of(envelope, SHAPE)

    assert not result.is_error
    assert result.structured_content["job"] == "abcdefghijkl"


def test_a_refusal_says_kind_message_and_hint() -> None:
    result = refusal_of(Busy("ann holds it since 3 s.", "Call again in a minute."))

    assert result.is_error
    assert result.structured_content == {
        "status": "failed",
        "summary": "ann holds it since 3 s.",
        "error": {
            "kind": "busy",
            "message": "ann holds it since 3 s.",
            "hint": "Call again in a minute.",
        },
        "warnings": [],
        "next": [],
    }
    assert _text(result).splitlines() == [
        "ann holds it since 3 s.",
        "Error: busy",
        "Status: failed",
        "Hint: Call again in a minute.",
    ]


def test_a_refusal_suggests_calls() -> None:
    step = Next.of("get_job", "shows it", job="x")
    result = refusal_of(Busy("ann holds it.", "", step))

    assert result.structured_content["next"] == [asdict(step)]
    assert result.structured_content["error"] == {
        "kind": "busy",
        "message": "ann holds it.",
        "hint": "",
    }
    assert _text(result).splitlines()[-1] == "Next: get_job job=x shows it."


def test_a_failure_shows_the_lines_that_explain_it_and_never_its_cause() -> None:
    failure = UpstreamFailed("Docker said no.", output="the last line")
    failure.__cause__ = RuntimeError("a secret path")

    result = refusal_of(failure)

    assert result.structured_content["error"]["output"] == "the last line"
    assert "secret" not in repr(result)


def test_a_failure_names_the_snapshot_from_before() -> None:
    failure = UpstreamFailed("Odoo ended.")
    failure.snapshot = "before-sql-1"

    result = refusal_of(failure)

    assert result.structured_content["snapshot"] == "before-sql-1"
    assert "snapshot: before-sql-1" in _text(result).splitlines()


def test_a_limit_says_when_to_come_back_and_a_cancelled_call_that_it_was() -> None:
    limited = refusal_of(RateLimited("Too many.", retry_after=7))
    cancelled = refusal_of(Cancelled("Stopped."))

    assert limited.structured_content["warnings"] == ["Call again in 7 s at the earliest."]
    assert cancelled.structured_content["status"] == "cancelled"


def test_nothing_as_data_needs_no_text() -> None:
    envelope = Envelope[Nothing](status=Status.OK, summary="It is gone.", data=Nothing())

    assert _text(result_of(envelope, Shape(Envelope[Nothing]))) == "It is gone."
