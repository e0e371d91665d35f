import threading
from typing import Any

import pytest

from oduflow.adapters.pool import making
from oduflow.services.server.infrastructure import Infrastructure


class GrowingPool:
    """A pool whose disk is slow until the test lets it go on."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.begun, self.go_on = threading.Event(), threading.Event()

    def attach(self) -> None:
        self.begun.set()
        assert self.go_on.wait(10)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@pytest.mark.parametrize("work", [Infrastructure.ensure, Infrastructure.set_up_pools])
def test_the_firewall_does_not_wait_for_a_disk_that_the_pool_grows_on(process, work, monkeypatch):
    monkeypatch.setattr(making, "set_up", lambda pools: pools.attach())
    infrastructure = process.deps.infrastructure
    infrastructure.ensure()
    pool = infrastructure.pools = GrowingPool(infrastructure.pools)
    thread = threading.Thread(target=work, args=(infrastructure,))
    thread.start()
    try:
        assert pool.begun.wait(10)
        infrastructure.isolation = None

        infrastructure.keep_firewall()

        assert infrastructure.isolation is not None
    finally:
        pool.go_on.set()
        thread.join(10)
