import re
import time
from typing import Any, cast

import pytest

from oduflow.adapters.postgres import roles, sessions, snapshots
from oduflow.domain.errors import Busy
from tests.support.tree import PRODUCT


class EndingSessions:
    """Answers like a server whose sessions need so many looks to end."""

    def __init__(self, looks):
        self.left, self.asked = looks, []

    def run(self, statement, *values):
        self.asked.append((statement, values))
        self.left -= 1
        return [(max(0, self.left),)]


def server_of(looks: int) -> Any:
    return cast("Any", EndingSessions(looks))


@pytest.mark.parametrize("of", ["database", "role"])
def test_sessions_are_ended_without_a_wait_of_the_server_and_looked_for_until_none_is_left(of):
    server = server_of(5)
    since = time.monotonic()

    assert sessions.end(server, of, "env_a")

    assert time.monotonic() - since < 0.09  # the server's own wait would be 100 ms for each
    assert len(server.asked) == 5
    assert {values for _, values in server.asked} == {("env_a",)}


def test_sessions_that_do_not_end_are_told():
    assert not sessions.end(server_of(1 << 30), "role", "env_a", 0.01)


def test_only_a_database_that_is_copied_needs_that_all_end(monkeypatch):
    monkeypatch.setattr(sessions, "end", lambda *_about: False)

    roles.end_sessions(server_of(9), "env_aaaaaaaaaaaa")
    with pytest.raises(Busy):
        snapshots.end_sessions(server_of(9), "env_aaaaaaaaaaaa")


# Where the server's own wait of 100 ms is no part of a call: sessions that should not be there.
WAITING = {"databases.py", "guard.py", "supervision.py"}


def test_only_sessions_that_should_not_be_there_are_ended_with_the_servers_own_wait():
    found = {
        path.name
        for path in (PRODUCT / "adapters" / "postgres").rglob("*.py")
        if re.search(r"pg_terminate_backend\([^)]+,", path.read_text())
    }

    assert found == WAITING
