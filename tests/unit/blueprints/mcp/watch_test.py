import pytest

from oduflow.blueprints.mcp import bridge
from oduflow.blueprints.mcp.bridge import CHECK_SECONDS, CallerWatch, wait_kind
from oduflow.blueprints.wait_limits import WaitKind
from oduflow.domain.errors import Busy


def test_a_client_that_left_is_noticed_at_once(clock):
    assert CallerWatch(lambda: True, lambda: True).is_over()
    assert not CallerWatch(lambda: False, lambda: True).is_over()


def test_a_credential_that_ended_ends_the_answer_at_the_second_look(clock):
    looked = CallerWatch(lambda: False, lambda: False)

    assert [clock.later(looked.credential_ended) for _ in range(4)] == [False, True, True, True]


def test_one_that_is_valid_again_is_let_be(clock):
    answers = iter([False, True, False, True])
    looked = CallerWatch(lambda: False, lambda: next(answers))

    assert not any(clock.later(looked.is_over) for _ in range(4))


def test_it_is_asked_no_more_than_twice_a_second(clock):
    asked: list[int] = []

    def still_valid() -> bool:
        asked.append(1)
        return True

    looked = CallerWatch(lambda: False, still_valid)

    clock.later(lambda: [looked.is_over() for _ in range(100)])

    assert len(asked) == 1


def test_who_cannot_be_looked_up_is_let_in_no_longer(clock):
    def still_valid() -> bool:
        raise Busy("The store is being written.")

    looked = CallerWatch(lambda: False, still_valid)

    assert [clock.later(looked.credential_ended) for _ in range(2)] == [False, True]


class FakeTime:
    moment = 100.0

    def monotonic(self) -> float:
        return self.moment

    def later(self, act):
        self.moment += CHECK_SECONDS
        return act()


@pytest.fixture
def clock(monkeypatch):
    made = FakeTime()
    monkeypatch.setattr(bridge, "time", made)
    return made


@pytest.mark.parametrize(
    ("method", "version", "kind"),
    [
        ("GET", None, WaitKind.STREAM),
        ("POST", "2026-07-28", WaitKind.STREAM),
        ("POST", "2025-11-25", WaitKind.CALL),
        ("POST", None, WaitKind.CALL),
    ],
)
def test_the_header_of_a_stream_is_believed_only_where_it_is_checked(method, version, kind):
    environ = {"REQUEST_METHOD": method, "HTTP_MCP_METHOD": "subscriptions/listen"}
    if version:
        environ["HTTP_MCP_PROTOCOL_VERSION"] = version

    assert wait_kind(environ) is kind
