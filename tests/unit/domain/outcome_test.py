from typing import Any

import pytest
from pydantic import ValidationError

from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope, ErrorView, Model, Nothing, Status


class Box(Model):
    name: str


def test_an_answer_has_one_shape():
    whole = Envelope[Box](status=Status.OK, summary="box is made.", data=Box(name="box"))

    assert whole.model_dump(mode="json") == {
        "status": "ok",
        "summary": "box is made.",
        "data": {"name": "box"},
        "error": None,
        "warnings": [],
        "next": [],
        "job": None,
        "output": None,
        "image": None,
        "truncated": None,
        "snapshot": None,
    }


def test_an_answer_survives_being_stored():
    whole = Envelope[Box](
        status=Status.OK, summary="made", data=Box(name="box"), next=(Next.of("look"),)
    )

    assert Envelope[Box].model_validate(whole.model_dump(mode="json")) == whole
    assert Envelope[Any].model_validate(whole.model_dump(mode="json")).data == {"name": "box"}


def test_the_data_must_be_the_promised_view():
    with pytest.raises(ValidationError):
        Envelope[Box](status=Status.OK, summary="made", data=Nothing())  # type: ignore[arg-type]


def test_an_error_shows_what_may_be_shown_and_never_its_cause():
    failure = UpstreamFailed("Docker is away.", "Start it.", output="last line")
    failure.__cause__ = OSError("/run/docker.sock")

    assert ErrorView.of(failure).model_dump(mode="json") == {
        "kind": "upstream",
        "message": "Docker is away.",
        "hint": "Start it.",
        "next": [],
        "output": "last line",
        "handle": None,
    }


def test_an_errors_output_has_a_limit():
    shown = ErrorView.of(UpstreamFailed("It broke.", output="x" * 1_000_000 + "the end"))

    assert len(shown.output) == 8_000
    assert shown.output.endswith("the end")


def test_a_failure_reads_as_its_message():
    assert str(Conflict("It differs.", "Look.")) == "It differs."


def test_inputs_refuse_what_they_do_not_know_and_do_not_change():
    with pytest.raises(ValidationError):
        Box(name="box", colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Box(name="box").name = "bag"


def test_a_status_is_one_of_six_words_of_which_four_are_ends():
    assert set(Status) - FINISHED == {"queued", "running"}
    assert len(Status) == 6
