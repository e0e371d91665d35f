import pytest

from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Conflict


def test_a_running_environment_is_signed_in_to(process, sale):
    made = process.ok("create_environment", **sale)

    answer = process.call("get_environment_login", name="sale")

    assert (answer.data.url, answer.data.login, answer.next) == (made.url, "admin", ())


def test_a_stopped_one_is_started_first(process, sale):
    process.ok("create_environment", **sale)
    process.ok("stop_environment", name="sale")

    answer = process.call("get_environment_login", name="sale")

    assert answer.data.url is None
    assert [step.operation for step in answer.next] == ["start_environment"]


@pytest.mark.parametrize(
    ("state", "step", "reason"),
    [
        (EnvironmentState.CREATING, "serving", "shows how far it is"),
        (EnvironmentState.DELETING, "database", "shows how far it is"),
        (EnvironmentState.FAILED, "", "says why"),
        (EnvironmentState.LOST, "", "says why"),
    ],
)
def test_one_without_an_odoo_has_no_login_and_suggests_no_start(process, sale, state, step, reason):
    process.ok("create_environment", **sale)
    change(process, state=state, step=step)

    with pytest.raises(Conflict, match="there is no Odoo to sign in to") as refused:
        process.call("get_environment_login", name="sale")

    [call] = refused.value.next
    assert (call.operation, call.reason) == ("get_environment", reason)


def test_one_that_is_rebuilt_has_a_login_and_suggests_no_start(process, sale):
    process.ok("create_environment", **sale)
    change(process, step="rebuild")

    answer = process.call("get_environment_login", name="sale")

    assert answer.data.url is None
    assert [step.operation for step in answer.next] == ["get_environment"]


def change(process, **values):
    [row] = process.deps.store.environments.list("1")
    process.deps.store.environments.update(row.id, **values)
