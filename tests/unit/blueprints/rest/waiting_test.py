import pytest

from oduflow.blueprints.rest.waiting import asked_wait


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("Wait = 10", 10),
        ('wait="10"', 10),
        ("wait=10; foo=bar", 10),
        ("respond-async, wait=10", 10),
        ("wait=10, wait=20", 10),
        ("wait=45", 45),
        ("wait=46", 45),
        ("wait=999999999", 45),
        ("wait=0", 0),
        ("", 0),
        ("respond-async", 0),
    ],
)
def test_a_caller_may_wish_to_wait_at_most_45_seconds(prefer, seconds):
    assert asked_wait(prefer) == seconds


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", "await=9", "wait=" + "9" * 5000]
)
def test_a_wish_that_cannot_be_understood_is_passed_over(prefer):
    assert asked_wait(prefer) == 0
