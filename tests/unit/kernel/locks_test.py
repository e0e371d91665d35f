import pytest

from oduflow.domain.errors import Busy
from oduflow.kernel.locks import LockKey, acquire_all
from tests.support.fakes import FakeLocks

SHOP, BASE = LockKey.environment("1", "shop"), LockKey.template("1", "base")


def test_lock_keys_of_one_name_differ_by_kind_and_team():
    keys = {SHOP, LockKey.environment("2", "shop"), LockKey.template("1", "shop")}

    assert len({str(key) for key in keys}) == 3


@pytest.mark.parametrize("keys", [(SHOP, BASE), (BASE, SHOP), (SHOP, BASE, SHOP)])
def test_several_locks_are_taken_in_one_order_also_if_asked_for_in_another(keys):
    locks = FakeLocks()

    held = acquire_all(locks, keys, "ada")

    assert list(locks.holders) == [SHOP, BASE]
    held.release()
    assert locks.holders == {}


@pytest.mark.parametrize("taken", [SHOP, BASE])
def test_several_locks_are_all_taken_or_none(taken):
    locks = FakeLocks()
    locks.acquire(taken, "eve")

    with pytest.raises(Busy, match="eve"):
        acquire_all(locks, (SHOP, BASE), "ada")

    assert list(locks.holders) == [taken]


def test_released_locks_may_be_released_again():
    locks = FakeLocks()
    held = acquire_all(locks, (SHOP,), "ada")
    held.release()
    locks.acquire(SHOP, "eve")

    held.release()

    assert list(locks.holders) == [SHOP], "another holder keeps its lock"
