import pytest

from oduflow.domain.errors import Failure, Kind


def test_rows_are_read_page_by_page(process, sale):
    process.ok("create_environment", **sale)
    sql = "select generate_series(1, 5) as n"

    first = process.call("query_database", name="sale", sql=sql, limit=2)
    second = process.ok("query_database", name="sale", sql=sql, limit=2, offset=2)
    last = process.ok("query_database", name="sale", sql=sql, limit=2, offset=4)

    assert (first.data.columns, first.data.rows) == (("n",), ((1,), (2,)))
    assert first.summary == "2 rows, and there are more."
    assert "ORDER BY" in first.warnings[0]
    assert first.data.next_offset == 2
    assert (second.rows, second.next_offset) == (((3,), (4,)), 4)
    assert (last.rows, last.next_offset) == (((5,),), None)


def test_a_value_that_was_cut_is_whole_in_the_output(process, sale):
    process.ok("create_environment", **sale)

    shown = process.call("query_database", name="sale", sql="select repeat('x', 9000) as t")
    whole = process.ok("read_output", handle=shown.output)

    assert "(9000 characters)" in shown.data.rows[0][0]
    assert "x" * 9000 in whole.text


def test_a_read_that_would_write_is_refused(world, process, sale):
    process.ok("create_environment", **sale)

    with pytest.raises(Failure, match="read-only") as refused:
        process.call("query_database", name="sale", sql="delete from x")

    assert refused.value.kind is Kind.INVALID
    assert world.postgres.statements == []


def test_a_write_is_preceded_by_a_snapshot_and_tells_of_odoos_caches(world, process, sale):
    process.ok("create_environment", **sale)

    done = process.call("execute_sql", name="sale", sql="update x set y = 1")

    assert done.data.affected == 1
    assert done.summary == "UPDATE 1 was committed."
    assert "caches" in done.warnings[0]
    assert "rollback_environment" in [step.operation for step in done.next]
    assert world.postgres.statements == ["update x set y = 1"]


def test_a_statement_that_changes_nothing_says_so(process, sale):
    process.ok("create_environment", **sale)

    done = process.call("execute_sql", name="sale", sql="select generate_series(1, 2) as n")

    assert done.summary == "SELECT 2 changed nothing."
    assert done.warnings == ()
    assert done.data.rows == ((1,), (2,))


def test_the_role_that_reads_goes_with_the_environment(world, process, sale):
    before = world.everything()
    process.ok("create_environment", **sale)
    process.ok("query_database", name="sale", sql="select generate_series(1, 2) as n")
    assert len(world.postgres.reading) == 1

    process.ok("delete_environment", name="sale")

    assert world.everything() == before
