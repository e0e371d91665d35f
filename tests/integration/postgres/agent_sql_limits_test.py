"""Statements of callers that lift their limits, or answer without end."""

import threading
import time
from dataclasses import replace

import pytest

from oduflow.adapters.postgres import connection
from oduflow.adapters.postgres.names import reader_of
from oduflow.adapters.postgres.supervision import LIMITS
from oduflow.domain.errors import Failure, UpstreamFailed
from tests.support.tenants import Tenants


def test_a_read_that_outlives_its_caller_is_ended(tenants: Tenants) -> None:
    made = tenants.empty("env")
    found: list[Failure] = []

    def read() -> None:
        try:
            tenants.agent_sql(made).read("select pg_sleep(25)", limit=1)
        except Failure as failure:
            found.append(failure)

    begun = time.monotonic()
    reading = threading.Thread(target=read)
    reading.start()
    ended: list[str] = []
    while not ended and time.monotonic() - begun < 15:
        assert tenants.postgres.cluster.end_excessive() == ()
        limits = replace(LIMITS, read_seconds=0)
        ended = [each.role for each in tenants.postgres.cluster.end_excessive(limits)]
    reading.join()

    assert ended == [reader_of(made.name)]
    assert time.monotonic() - begun < 20
    assert len(found) == 1


def test_a_commit_whose_answer_is_endless_is_not_reported_as_stopped(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tenants.empty(
        "env",
        "CREATE TABLE kept (n int)",
        """CREATE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN FOR i IN 1..99 LOOP RAISE WARNING '%', repeat('x', 10000); END LOOP; RETURN NULL;
        END $$""",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON kept DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION says()",
    )
    monkeypatch.setattr(connection, "_MOST_RECEIVED", 200_000)

    with pytest.raises(UpstreamFailed, match="its end is not known"):
        tenants.agent_sql(made).write("insert into kept values (7)")
