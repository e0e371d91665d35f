import psycopg
import pytest
from psycopg import errors as pg

from oduflow.adapters.postgres import errors
from oduflow.adapters.postgres.errors import failure, translated
from oduflow.domain.errors import Conflict, NotFound, QuotaReached, UpstreamFailed

SOCKET = 'connection to server on socket "/srv/x/.s.PGSQL.5432" failed: '


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("No such file or directory", errors.NotRunning),
        ("Connection refused", errors.NotRunning),
        ("FATAL:  the database system is starting up", errors.StartingUp),
        ("FATAL:  the database system is shutting down", errors.StartingUp),
        ('FATAL:  password authentication failed for user "u"', errors.WrongPassword),
        ("FATAL:  sorry, too many clients already", errors.Crowded),
        ('FATAL:  too many connections for role "env_a"', errors.Crowded),
        ("FATAL:  remaining connection slots are reserved for roles with …", errors.Crowded),
        ('FATAL:  database "env_a" does not exist', NotFound),
    ],
)
def test_a_refused_connection_is_named_by_its_words(words, kind) -> None:
    assert type(failure(psycopg.OperationalError(SOCKET + words), "look")) is kind


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (pg.DiskFull("could not extend file"), QuotaReached),
        (pg.ObjectInUse("source database is being accessed"), errors.InUse),
        (pg.TooManyConnections("too many"), errors.Crowded),
        (pg.QueryCanceled("statement timeout"), errors.Unresponsive),
        (pg.ConnectionTimeout("expired"), errors.Unresponsive),
        (pg.InvalidCatalogName("no database"), NotFound),
        (pg.UndefinedTable("no table"), Conflict),
        (pg.SyntaxError("near"), UpstreamFailed),
    ],
)
def test_a_failed_statement_is_named_by_its_state(cause, kind) -> None:
    assert type(failure(cause, "look")) is kind


def test_a_statement_cannot_be_misnamed_by_the_words_in_it() -> None:
    cause = pg.RaiseException("password authentication failed, No such file or directory")
    assert type(failure(cause, "look")) is UpstreamFailed


def test_no_path_of_the_server_is_shown() -> None:
    unknown = failure(psycopg.OperationalError(SOCKET + "FATAL:  odd"), "look")
    assert "/srv" not in unknown.message + unknown.hint + unknown.output
    assert unknown.output == "odd"


def test_what_the_server_said_is_cut_short_and_printable() -> None:
    shown = failure(pg.RaiseException("\x1b[31mred\n" + "x" * 9999), "look").output
    assert shown.startswith("[31mred x")
    assert len(shown) == 500


def test_the_cause_is_kept_for_the_log() -> None:
    cause = pg.DiskFull("full")
    with (
        pytest.raises(QuotaReached, match="could not copy the database: the disk is full") as seen,
        translated("copy the database"),
    ):
        raise cause
    assert seen.value.__cause__ is cause
