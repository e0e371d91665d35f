from contextlib import nullcontext
from pathlib import Path

from oduflow.adapters.postgres import databases, roles
from oduflow.adapters.postgres.cluster import Cluster


def test_a_role_cannot_sign_in_while_the_sessions_of_a_restored_dump_end(monkeypatch):
    done = []

    def record(owner, name):
        monkeypatch.setattr(owner, name, lambda *_: done.append(name))

    for name in ("lock_out", "end_sessions", "ensure"):
        record(roles, name)
    record(databases, "forget_settings")
    monkeypatch.setattr(Cluster, "_admin", lambda *_: nullcontext())
    cluster = Cluster(socket_dir=Path("/nowhere"), password=str)

    cluster.take_back_settings("tpl_0123456789", "tpl_0123456789", "secret", connection_limit=1)

    assert done == ["lock_out", "end_sessions", "forget_settings", "ensure"]
