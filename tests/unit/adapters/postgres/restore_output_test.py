import pytest

from oduflow.adapters.postgres.restore_output import RestoreOutput
from oduflow.domain.errors import Invalid, QuotaReached, UpstreamFailed

HARMLESS = (
    'psql:<stdin>:12: ERROR:  must be able to SET ROLE "odoo"',
    'psql:<stdin>:12: ERROR:  role "odoo" does not exist',
    'pg_restore: error: could not execute query: ERROR:  schema "public" already exists',
    "psql:<stdin>:9: ERROR:  must be owner of extension plpgsql",
    'psql:<stdin>:9: ERROR:  unrecognized configuration parameter "transaction_timeout"',
    "psql:<stdin>:9: NOTICE:  something",
    "Command was: ALTER TABLE a OWNER TO odoo;",
    "pg_restore: warning: errors ignored on restore: 3",
)


def test_errors_about_roles_of_another_server_are_harmless():
    output = RestoreOutput()

    for line in HARMLESS:
        output.feed(line)

    assert (output.left_out, output.refused) == ([], 5)


def test_what_odoo_does_not_need_is_left_out_and_named_once():
    output = RestoreOutput()

    for _ in range(3):
        output.feed('psql:<stdin>:9: ERROR:  permission denied to create extension "dblink"')

    assert output.left_out == ['permission denied to create extension "dblink"']


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ('psql:<stdin>:9: ERROR:  relation "a" does not exist', Invalid, "line 9 of its SQL"),
        ("psql:<stdin>:9: error: backslash commands are restricted; only", Invalid, "commands of"),
        ("psql:<stdin>:9: ERROR:  permission denied to create role", Invalid, "superuser"),
        (
            "psql:<stdin>:9: ERROR:  could not extend file: No space left on device",
            QuotaReached,
            "disk of PostgreSQL is full",
        ),
        ("psql:<stdin>:9: ERROR:  out of memory", UpstreamFailed, "not enough memory"),
        (
            "psql:<stdin>:9: FATAL:  terminating connection due to administrator command",
            UpstreamFailed,
            "ended the connection",
        ),
        (
            "pg_restore: error: input file does not appear to be a valid archive",
            Invalid,
            "cannot read the dump",
        ),
        (
            'pg_restore: error: COPY failed for table "a": ERROR:  extra data after last column',
            Invalid,
            "extra data",
        ),
        ("psql:<stdin>:9: ERROR:  permission denied for function lo_create", Invalid, "large obj"),
        ("psql: error: connection to server at 10.0.0.2 failed", UpstreamFailed, "connection"),
    ],
)
def test_every_other_error_ends_the_restore(line, kind, words):
    with pytest.raises(kind) as failed:
        RestoreOutput().feed(line)

    assert words in failed.value.message
