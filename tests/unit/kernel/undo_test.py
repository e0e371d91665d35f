import pytest

from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.undo import Undo, keep_nothing, suggesting_undo, told

UNDO = Undo("clean", Next.of("rollback_environment", "undoes it", name="sale", snapshot="clean"))
OTHER = Next.of("get_environment", name="sale")


def test_an_answer_names_the_snapshot_and_the_call_that_undoes_the_work():
    outcome = told(Outcome(Nothing(), "done", next=(OTHER,)), UNDO)

    assert (outcome.snapshot, outcome.next) == ("clean", (OTHER, UNDO.call))


def test_an_answer_without_one_stays_as_it_is():
    outcome = Outcome(Nothing(), "done", next=(OTHER,))

    assert told(outcome, None) is outcome
    keep_nothing("anything")


@pytest.mark.parametrize(("kept", "suggested"), [(UNDO, (OTHER, UNDO.call)), (None, (OTHER,))])
def test_a_failure_suggests_to_undo_what_was_done_until_then(kept, suggested):
    failure = UpstreamFailed("It broke.", "", OTHER)

    with pytest.raises(UpstreamFailed) as caught, suggesting_undo(kept):
        raise failure

    assert caught.value.next == suggested
    assert caught.value.snapshot == ("" if kept is None else "clean")


def test_what_cannot_be_undone_is_told_with_the_answer_and_with_a_failure():
    kept = Undo("", None, ("It cannot be undone.",))

    outcome = told(Outcome(Nothing(), "done", next=(OTHER,), warnings=("Careful.",)), kept)

    assert (outcome.snapshot, outcome.next) == ("", (OTHER,))
    assert outcome.warnings == ("It cannot be undone.", "Careful.")
    with pytest.raises(UpstreamFailed) as caught, suggesting_undo(kept):
        raise UpstreamFailed("It broke.", "Look.", OTHER)
    assert (caught.value.hint, caught.value.next) == ("Look. It cannot be undone.", (OTHER,))
