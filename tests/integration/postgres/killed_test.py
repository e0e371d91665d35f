"""Every change is repeated after being cut off before each of its statements."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.connection import Session
from tests.support.tenants import MadeTenant, Tenants

DATABASES = """
    SELECT datname, datdba::regrole::text, datallowconn, datistemplate, datacl::text
    FROM pg_database WHERE datname = ANY(%s)
"""
ROLES = """
    SELECT rolname, rolcanlogin, rolcreatedb, rolconnlimit, rolpassword IS NULL
    FROM pg_authid WHERE rolname = ANY(%s)
"""
MEMBERSHIPS = """
    SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members
    WHERE member::regrole::text = ANY(%s)
"""
Change = Callable[[Cluster, MadeTenant, MadeTenant], Any]


class Killed(BaseException):
    """Simulates SIGKILL: from here on no statement is sent, not even for cleaning up."""


def make_role(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    cluster.create_role(copy.name, copy.password, connection_limit=3)


def make(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    make_role(cluster, source, copy)
    cluster.create_database(copy.name, copy.name)


def clone(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    make_role(cluster, source, copy)
    cluster.clone_database(source.name, copy.name, copy.name, strategy="wal_log")
    hand = partial(cluster.hand_over, from_role=source.name, to_role=copy.name)
    hand(copy.name, password=copy.password)


def snapshot_for(copy: MadeTenant) -> str:
    return f"snap_{copy.name.partition('_')[2]}"


def snapshot_and_adopt(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    taken = snapshot_for(copy)
    make_role(cluster, source, copy)
    if not cluster.has_database(copy.name):
        cluster.take_snapshot(source.name, taken, strategy="wal_log")
    cluster.adopt_snapshot(taken, copy.name)
    hand = partial(cluster.hand_over, from_role=source.name, to_role=copy.name)
    hand(copy.name, password=copy.password)


def seal(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    cluster.seal_template(copy.name, copy.name)


def clone_and_seal(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    clone(cluster, source, copy)
    seal(cluster, source, copy)


def drop(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    cluster.drop_database(copy.name)
    cluster.drop_role(copy.name)


def nothing(cluster: Cluster, source: MadeTenant, copy: MadeTenant) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "change", "from_environment"),
    [
        (nothing, make, False),
        (nothing, clone, False),
        (nothing, clone, True),
        (nothing, snapshot_and_adopt, True),
        (clone, seal, False),
        (clone_and_seal, drop, True),
    ],
)
def test_a_killed_change_is_finished_by_its_repetition(
    monkeypatch, cluster, tenants, before, change, from_environment
) -> None:
    source = (tenants.empty if from_environment else tenants.template)()
    whole = state_after(tenants, source, before, change)
    for statements in count():
        copy = tenants.new("tpl" if from_environment else "env")
        before(cluster, source, copy)
        if not cut_off(monkeypatch, statements, partial(change, cluster, source, copy)):
            break
        change(cluster, source, copy)
        assert seen(tenants, source, copy) == whole, f"killed after {statements} statements"
        drop(cluster, source, copy)
    assert statements > 2


@pytest.mark.parametrize(
    ("made_by", "from_environment"),
    [(clone, False), (clone, True), (snapshot_and_adopt, True)],
)
def test_a_killed_clone_is_undone_completely(
    monkeypatch, cluster, tenants, made_by, from_environment
) -> None:
    source = (tenants.empty if from_environment else tenants.template)()
    copy = tenants.new("env")
    untouched = seen(tenants, source, copy)
    for statements in count():
        if not cut_off(monkeypatch, statements, partial(made_by, cluster, source, copy)):
            break
        now = of_source(seen(tenants, source, copy))
        assert now == of_source(untouched), "the source was changed"
        cluster.drop_database(snapshot_for(copy))
        drop(cluster, source, copy)
        assert seen(tenants, source, copy) == untouched, f"killed after {statements} statements"
    assert statements > 10


def cut_off(monkeypatch, statements: int, change: Callable[[], Any]) -> bool:
    """Run a change and kill it after so many statements; tell whether it was killed."""
    left = [statements]
    run = Session.run

    def counted(session: Session, *words: Any) -> Any:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return run(session, *words)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "run", counted)
        try:
            change()
        except Killed:
            return True
    return False


def state_after(tenants: Tenants, source: MadeTenant, before: Change, change: Change) -> list[str]:
    copy, cluster = tenants.new(source.name[:3]), tenants.postgres.cluster
    before(cluster, source, copy)
    change(cluster, source, copy)
    state = seen(tenants, source, copy)
    drop(cluster, source, copy)
    return state


def of_source(rows: list[str]) -> list[str]:
    """Leave out what is the copy's, and the membership that goes with the copy's role."""
    return [row for row in rows if row.startswith("('source'") and row != "('source', 'copy')"]


def seen(tenants: Tenants, *made: MadeTenant) -> list[str]:
    """What the cluster knows of these roles and databases, with `source` and `copy` for names."""
    names = [each.name for each in made]
    rows = [row for query in (DATABASES, ROLES, MEMBERSHIPS) for row in tenants.look(query, names)]
    text = "\n".join(map(repr, rows))
    for name, word in zip(names, ("source", "copy"), strict=True):
        text = text.replace(name, word)
    return sorted(text.splitlines())
