from typing import Any

import pytest

from oduflow.blueprints.context import CallsInFlight


def test_a_call_is_in_flight_until_its_answer_was_taken():
    calls = CallsInFlight()
    assert calls.wait(0)
    answer = called(calls, lambda _environ, _start: [b"one", b"two"])
    assert list(answer) == [b"one", b"two"]
    assert not calls.wait(0)
    answer.close()
    assert calls.wait(0)


def test_an_answer_of_the_application_is_closed_too():
    closed = []

    class ClosableBody(list[bytes]):
        def close(self):
            closed.append(self)

    called(CallsInFlight(), lambda _environ, _start: ClosableBody()).close()
    assert len(closed) == 1


def test_a_call_that_is_a_defect_is_over():
    calls = CallsInFlight()

    def defect(_environ, _start):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        called(calls, defect)
    assert calls.wait(0)


def called(calls: CallsInFlight, app: Any) -> Any:
    counted: Any = calls.counting(app)
    return counted({}, None)
