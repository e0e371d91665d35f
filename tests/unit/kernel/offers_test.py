from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.errors import Kind
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, ErrorView, Status
from oduflow.kernel.offers import callable_by, offering
from oduflow.kernel.registry import Registry

REGISTRY = Registry.discover("oduflow.operations")
READER = Actor("1", ActorKind.GRANT, "night", frozenset({Tier.READ}))
MEMBER = Actor("1", ActorKind.OAUTH, "ada")
LOOK, START, REPEAT = Next("get_environment"), Next("start_environment"), Next("create_environment")
ANSWER = Envelope[ErrorView](
    status=Status.FAILED,
    summary="It failed.",
    data=ErrorView(kind=Kind.UPSTREAM, message="It failed.", next=(LOOK, REPEAT)),
    error=ErrorView(kind=Kind.UPSTREAM, message="It failed.", next=(START,)),
    next=(START, LOOK),
)


def test_calls_that_the_caller_is_refused_are_not_suggested_at_any_depth():
    answer = offering(ANSWER, callable_by(READER, REGISTRY))

    assert answer.data
    assert answer.error
    assert answer.next == answer.data.next == (LOOK,)
    assert answer.error.next == ()


def test_a_caller_with_every_permission_gets_the_answer_as_it_is():
    assert offering(ANSWER, callable_by(MEMBER, REGISTRY)) is ANSWER


def test_a_grant_for_some_environments_is_not_sent_to_what_is_about_the_whole_team():
    of_one = Actor("1", ActorKind.GRANT, "one", environments=frozenset({"abc"}))

    answer = offering(ANSWER, callable_by(of_one, REGISTRY))

    assert answer.data
    assert answer.data.next == (LOOK,)
    assert answer.next == (START, LOOK)
