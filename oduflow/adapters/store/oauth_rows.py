"""The base of the OAuth server's stores."""

from collections.abc import Callable
from datetime import datetime

from oduflow.adapters.store.engine import Store
from oduflow.domain.clock import now


class OAuthRows:
    """Rows that expire.

    Args:
        store: where the tables are.
        clock: returns the time.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock
