import psycopg
import pytest

from oduflow.adapters.postgres.statements import StatementFailed, is_query, refusals


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        " (SELECT 1)",
        "-- a comment\nselect 1",
        "/* a\ncomment */ with x as (select 1) table x",
        "values (1)",
        "table res_users",
    ],
)
def test_a_query_is_read_through_a_cursor(sql):
    assert is_query(sql)


@pytest.mark.parametrize(
    "sql", ["explain select 1", "show all", "selected", "update x", "-- select", ""]
)
def test_what_has_no_cursor_is_not(sql):
    assert not is_query(sql)


def test_an_error_of_the_statement_is_the_callers():
    with pytest.raises(StatementFailed, match="refused the statement") as refused, refusals("x"):
        raise psycopg.errors.UndefinedTable("no such table")

    assert (refused.value.sqlstate, refused.value.argument) == ("42P01", "sql")


def test_a_statement_that_took_too_long_says_what_to_do():
    with pytest.raises(StatementFailed, match="too long") as refused, refusals("x"):
        raise psycopg.errors.QueryCanceled("timeout")

    assert "EXPLAIN" in refused.value.hint


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.AdminShutdown("ended"),
        psycopg.errors.LockNotAvailable("locked"),
        psycopg.OperationalError("the connection is lost"),
    ],
)
def test_an_error_of_the_server_is_not_the_callers(cause):
    with pytest.raises(psycopg.Error) as passed, refusals("x"):
        raise cause

    assert passed.value is cause
