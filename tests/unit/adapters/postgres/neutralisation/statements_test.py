import pytest

from oduflow.adapters.postgres.neutralisation.statements import statements


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("-- nothing\n\n", []),
        ("SELECT 1", [(1, "SELECT 1")]),
        ("SELECT 1;\n\nSELECT 2;\n", [(1, "SELECT 1"), (3, "SELECT 2")]),
        ("-- one; two\nSELECT 1", [(2, "SELECT 1")]),
        ("SELECT 'a;b''c;'; SELECT 2", [(1, "SELECT 'a;b''c;'"), (1, "SELECT 2")]),
        (r"SELECT E'a\';b'; SELECT 2", [(1, r"SELECT E'a\';b'"), (1, "SELECT 2")]),
        ('SELECT "a;b"', [(1, 'SELECT "a;b"')]),
        ("/* don't; /* nested; */ ; */ SELECT 1;", [(1, "/* don't; /* nested; */ ; */ SELECT 1")]),
        ("DO $$ BEGIN x; END $$; SELECT 2", [(1, "DO $$ BEGIN x; END $$"), (1, "SELECT 2")]),
        ("DO $a$ x; $$ ; $a$;", [(1, "DO $a$ x; $$ ; $a$")]),
        ("SELECT 'open; SELECT 2", [(1, "SELECT 'open"), (1, "SELECT 2")]),
        ("/* open; SELECT 2", [(1, "/* open; SELECT 2")]),
    ],
)
def test_a_semicolon_ends_a_statement_unless_it_is_quoted(text, found):
    assert list(statements(text)) == found
