from contextlib import ExitStack
from dataclasses import replace

import pytest

from oduflow.adapters.store import Environments, Sizes, Templates
from oduflow.domain.environment import EnvironmentState, RelatedFacts
from oduflow.domain.errors import Conflict, Kind, NotFound, QuotaReached
from oduflow.domain.neutralised import Neutralised
from oduflow.domain.outcome import ErrorView
from oduflow.domain.storage import WHOLE_TEAM
from tests.support.programs import finished, go, running, said
from tests.support.store_rows import environment, template

NEUTRALISED = Neutralised(at="2026-03-04T05:06:07Z", seconds=1.0, odoo=(), rules=(), proven=())
TAKE_PORTS = """
import sys
from pathlib import Path
from oduflow.adapters.store import Environments, Store
store = Store(Path(sys.argv[1]))
environments = Environments(store)
print("ready", flush=True)
sys.stdin.readline()
for name in sys.argv[2:]:
    print(environments.take_port(name, 20000, 20039))
store.close()
"""
ADD = """
import sys
from pathlib import Path
from oduflow.adapters.store import Environments, Store
from oduflow.domain.errors import QuotaReached
from tests.support.store_rows import environment
store = Store(Path(sys.argv[1]))
environments = Environments(store)
print("ready", flush=True)
sys.stdin.readline()
for name in sys.argv[2:]:
    try:
        environments.add(environment(name=name), limit=7)
    except QuotaReached:
        pass
    else:
        print(name)
store.close()
"""


def test_a_row_comes_back_as_it_went_in(environments):
    row = environment(
        requested_branch="feature/ünïcode",
        modules=("sale", "crm"),
        commit="a" * 40,
        step="checkout",
        job="b" * 12,
        port=20000,
        protected=True,
        error=ErrorView(kind=Kind.UPSTREAM, message="m", hint="h", output="line\nline"),
        addons=("/mnt/extra", "."),
        python_deps="abc",
    )

    environments.add(row)

    assert environments.get("1", "sale") == row
    assert environments.by_id(row.id) == row


def test_what_is_not_there_is_none(environments):
    environments.add(environment())

    assert environments.get("1", "other") is None
    assert environments.get("2", "sale") is None
    assert environments.by_id("other") is None


@pytest.mark.parametrize(
    ("source", "neutralised", "shown"),
    [("", None, None), ("shop.zip", None, False), ("shop.zip", NEUTRALISED, True)],
)
def test_an_environment_tells_whether_the_template_below_it_was_neutralised(
    store, environments, source, neutralised, shown
):
    row = template(id="imported", name="shop", source=source, neutralised=neutralised)
    Templates(store).add(row)
    environments.add(environment(template_id="imported"))

    assert environments.related(environment(template_id="imported")).neutralized is shown


def test_an_environment_tells_its_own_size_as_soon_as_it_was_measured(store, environments):
    row = environment()
    environments.add(row)
    before = environments.related(row)

    Sizes(store).replace("1", {row.id: (5, 7), "template1": (1, 2), WHOLE_TEAM: (9, 0)})
    size = environments.related(row).size

    assert before == RelatedFacts(None, None)
    assert size is not None
    assert (size.own, size.shared) == (5, 7)
    assert size == Sizes(store).of("1")[row.id]
    assert environments.related(replace(row, team="2")).size is None


def test_lists_are_by_name_and_keep_to_the_team(environments):
    rows = [environment(team=team, name=name) for team in "21" for name in ("b", "a")]
    for row in rows:
        environments.add(row)

    assert [row.name for row in environments.list("1")] == ["a", "b"]
    assert [(row.team, row.name) for row in environments.all()] == [
        ("1", "a"),
        ("1", "b"),
        ("2", "a"),
        ("2", "b"),
    ]
    assert environments.count("1") == 2
    assert environments.count("3") == 0
    assert environments.count_by_team() == {"1": 2, "2": 2}


def test_a_name_is_given_once_a_team(environments):
    environments.add(environment(id="first"))

    with pytest.raises(Conflict, match="“sale” already"):
        environments.add(environment(id="second"))

    environments.add(environment(id="third", team="2"))


def test_an_environment_needs_its_template(environments):
    with pytest.raises(Conflict, match="template “gone” is gone"):
        environments.add(environment(template_id="nowhere", template="gone"))


def test_the_limit_counts_environments_in_any_state(environments):
    environments.add(environment(name="a", state=EnvironmentState.FAILED), limit=2)
    environments.add(environment(name="b", state=EnvironmentState.STOPPED), limit=2)
    environments.add(environment(team="2"), limit=1)

    with pytest.raises(QuotaReached, match="has 2 environments and may have 2"):
        environments.add(environment(name="c"), limit=2)

    assert environments.get("1", "c") is None


def test_a_taken_name_is_a_conflict_even_at_the_limit(environments):
    environments.add(environment(id="first"), limit=1)

    with pytest.raises(Conflict):
        environments.add(environment(id="second"), limit=1)


@pytest.mark.thorough
def test_processes_that_add_together_never_pass_the_limit(store, environments):
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                running(ADD, store.path, *(f"{letter}{number}" for number in range(8)))
            )
            for letter in "ab"
        ]
        assert [said(process) for process in started] == ["ready"] * 2
        go(*started)
        added = [name for process in started for name in finished(process)]

    assert len(added) == 7
    assert sorted(added) == [row.name for row in environments.list("1")]


def test_a_change_is_written_and_answered(environments):
    row = environment()
    environments.add(row)
    error = ErrorView(kind=Kind.UPSTREAM, message="m")

    answer = environments.update(row.id, state=EnvironmentState.FAILED, error=error, port=20001)

    assert answer == replace(row, state=EnvironmentState.FAILED, error=error, port=20001)
    assert environments.by_id(row.id) == answer


def test_a_change_can_take_back(environments):
    row = environment(error=ErrorView(kind=Kind.UPSTREAM, message="m"), port=20000)
    environments.add(row)

    assert environments.update(row.id, error=None, port=None) == replace(row, error=None, port=None)


def test_a_change_of_nothing_answers_the_row(environments):
    environments.add(environment())

    assert environments.update(environment().id) == environment()


@pytest.mark.parametrize("column", ["id", "team", "name", "created_at", "template_id", "nonsense"])
def test_what_is_for_life_does_not_change(environments, column):
    environments.add(environment())

    with pytest.raises(TypeError, match=column):
        environments.update(environment().id, **{column: "x"})


def test_a_row_that_is_gone_cannot_change(environments):
    with pytest.raises(NotFound, match="environment no longer exists"):
        environments.update("gone", step="x")
    with pytest.raises(NotFound):
        environments.update("gone")
    with pytest.raises(NotFound):
        environments.take_port("gone", 20000, 20001)


def test_removing_twice_is_no_error(environments):
    environments.add(environment())

    environments.remove(environment().id)
    environments.remove(environment().id)

    assert environments.all() == ()


def test_a_template_knows_who_was_cloned_from_it(environments, store):
    Templates(store).add(template(id="template2", name="other"))
    for name in ("b", "a"):
        environments.add(environment(name=name))
    environments.add(environment(name="c", template_id="template2"))

    assert environments.using_template("template1") == ("a", "b")
    assert environments.using_template("unused") == ()


def test_a_port_is_the_lowest_that_no_team_has(environments):
    for team in "123":
        environments.add(environment(team=team))

    ports = [environments.take_port(f"id-{team}-sale", 20000, 20010) for team in "123"]
    environments.remove("id-2-sale")
    environments.add(environment(team="4"))

    assert ports == [20000, 20001, 20002]
    assert environments.take_port("id-4-sale", 20000, 20010) == 20001


def test_an_environment_keeps_its_port_even_when_the_range_moves(environments):
    environments.add(environment())

    assert environments.take_port("id-1-sale", 20000, 20010) == 20000
    assert environments.take_port("id-1-sale", 30000, 30010) == 20000


def test_a_port_that_others_were_seen_on_is_given_up(environments):
    environments.add(environment())
    environments.take_port("id-1-sale", 20000, 20010)

    port = environments.take_port("id-1-sale", 20000, 20010, avoid=frozenset({20000, 20001}))

    assert port == 20002
    assert environments.by_id("id-1-sale").port == 20002


def test_a_range_can_be_full(environments):
    for name in ("a", "b"):
        environments.add(environment(name=name))
    environments.take_port("id-1-a", 20000, 20000)

    with pytest.raises(QuotaReached, match="20000-20000"):
        environments.take_port("id-1-b", 20000, 20000)


def test_a_port_cannot_be_given_to_two(environments):
    for name in ("a", "b"):
        environments.add(environment(name=name))
    environments.update("id-1-a", port=20000)

    with pytest.raises(Conflict):
        environments.update("id-1-b", port=20000)


@pytest.mark.thorough
def test_processes_that_take_ports_together_never_get_the_same(store, environments):
    names = [f"n{number}" for number in range(40)]
    for name in names:
        environments.add(environment(id=name, name=name))

    with ExitStack() as stack:
        started = [
            stack.enter_context(running(TAKE_PORTS, store.path, *half))
            for half in (names[:20], names[20:])
        ]
        assert [said(process) for process in started] == ["ready"] * 2
        go(*started)
        ports = [int(port) for process in started for port in finished(process)]

    assert sorted(ports) == list(range(20000, 20040))


@pytest.fixture
def environments(store):
    Templates(store).add(template())
    return Environments(store)
