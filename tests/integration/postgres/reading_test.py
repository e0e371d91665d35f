"""A database is read for a comparison; its content may be hostile."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from oduflow.adapters.postgres.reading import reader as reading
from oduflow.adapters.postgres.reading import tables
from oduflow.adapters.postgres.reading.reader import Reader
from oduflow.adapters.postgres.reading.sources import VALUE_CHARACTERS
from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.comparison.left_out import is_counted
from oduflow.domain.comparison.records import Index, Key, compare
from oduflow.domain.comparison.rows import RowChanges
from oduflow.domain.errors import Cancelled, QuotaReached
from tests.support.tenants import MadeTenant, Tenants

SECTIONS = tuple(DiffSection)
PARAMETER = Key("ir.config_parameter", "acme.value")
# A sequence counts its runs, since no rollback undoes that.
TRAP = """
    CREATE FUNCTION public.{name} LANGUAGE plpgsql AS $trap$
    BEGIN
        PERFORM pg_catalog.nextval('public.fired');
        {body}
    END $trap$
"""


def test_two_copies_of_one_template_are_equal_and_have_every_section(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    with open_copy(tenants, odoo_template) as one, open_copy(tenants, odoo_template) as other:
        first, second = one.index(SECTIONS), other.index(SECTIONS)
        rows = one.rows(is_counted)

        assert compare(first, second) == ()
        assert compare(rows, other.rows(is_counted)) == ()
        assert (first.problems, first.ends, rows.problems) == ({}, {}, {})
    kinds = {key.kind for key in first.entries}
    assert {"ir.module.module", "ir.model.fields", "ir.ui.view", "ir.rule", "table"} <= kinds
    assert Key("ir.model.fields", "res.partner.name") in first.entries
    assert Key("ir.ui.view", "base.view_partner_form") in first.entries
    assert int(rows.entries[Key("rows", "res_country")].digest) > 200


def test_as_many_fields_as_odoo_with_every_module_has_are_read(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    many = """INSERT INTO ir_model_fields
        (model, model_id, name, ttype, state, field_description, store)
        SELECT 'res.partner', (SELECT id FROM ir_model WHERE model = 'res.partner'),
            'x_field_with_a_name_' || n, 'char', 'manual', '{"en_US": "Field"}', true
        FROM generate_series(1, 40000) AS n"""
    with open_copy(tenants, odoo_template, many) as reader:
        found = reader.index([DiffSection.FIELDS])

    assert (found.problems, found.ends) == ({}, {})
    assert len([key for key in found.entries if ".x_field" in key.name]) == 40_000


def test_a_value_of_megabytes_is_read_to_its_limit(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    huge = (
        "INSERT INTO ir_config_parameter (key, value) VALUES ('acme.value', repeat('x', 3000000))"
    )
    with open_copy(tenants, odoo_template, huge) as reader:
        found = reader.index([DiffSection.PARAMETERS])
        content = reader.contents({PARAMETER: found.entries[PARAMETER]})

    assert len(content[PARAMETER]["value"].text) == VALUE_CHARACTERS


def test_the_value_of_a_parameter_that_may_be_a_secret_does_not_leave_the_database(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    secret = "UPDATE ir_config_parameter SET key = 'acme.token' WHERE key = 'database.uuid'"
    key = Key("ir.config_parameter", "acme.token")
    with open_copy(tenants, odoo_template, secret) as reader:
        found = reader.index([DiffSection.PARAMETERS])
        value = reader.contents({key: found.entries[key]})[key]["value"]

    assert (value.text, value.is_secret) == ("", True)
    assert value.digest


def test_names_with_control_characters_are_escaped(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    named = r"INSERT INTO ir_config_parameter (key, value) VALUES (E'a\x1b[2J\nb', 'x')"
    with open_copy(tenants, odoo_template, named) as reader:
        found = reader.index([DiffSection.PARAMETERS])

    assert Key("ir.config_parameter", "a\\x1b[2J\nb") in found.entries


SLOW = "SELECT n AS id, pg_sleep(1)::text AS name FROM generate_series(1, 90) AS n"
# A series in FROM would be kept in a temporary file, whose limit a fast machine meets first.
ENDLESS = "SELECT generate_series(1, 3000000000) AS id, md5('x') AS name"


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ("SELECT 1 AS other", "does not exist"),
        ("SELECT id, 1 / (id - id) AS name FROM genuine", "by zero"),
        ("SELECT public.act() AS id", "read-only transaction"),
        (SLOW, "statement timeout"),
        (ENDLESS, "statement timeout"),
        ("SELECT 'x' AS id", "operator does not exist"),
    ],
    ids=["empty", "failing", "writing", "sleeping", "endless", "no-number"],
)
def test_what_is_in_place_of_a_table_is_left_out_with_the_reason(
    tenants: Tenants,
    odoo_template: MadeTenant,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    reason: str,
) -> None:
    monkeypatch.setattr(reading, "_SETTINGS", (*reading._SETTINGS, "SET statement_timeout = '2s'"))
    act = TRAP.format(
        name="act() RETURNS int", body="INSERT INTO public.notes VALUES (1); RETURN 1;"
    )
    plants = ("CREATE SEQUENCE fired", "CREATE TABLE notes (n int)", act)
    away = "ALTER TABLE ir_ui_menu RENAME TO genuine"
    instead = f"CREATE VIEW ir_ui_menu AS {view}"
    with open_copy(tenants, odoo_template, *plants, away, instead) as reader:
        found = reader.index([DiffSection.DATA, DiffSection.VIEWS])
        counts = reader.rows(is_counted)

    assert reason in found.problems["ir.ui.menu"]
    assert found.problems.keys() == {"ir.ui.menu"}
    assert Key("ir.ui.view", "base.view_partner_form") in found.entries
    assert counts.entries[Key("rows", "notes")].digest == "0"


def test_functions_and_operators_of_the_database_are_never_called(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    plants = (
        "CREATE SEQUENCE fired",
        TRAP.format(name='"left"(varchar, int) RETURNS text', body="RETURN 'x';"),
        TRAP.format(name="md5(jsonb) RETURNS text", body="RETURN 'x';"),
        TRAP.format(name="to_jsonb(res_lang) RETURNS jsonb", body="RETURN '{}';"),
        TRAP.format(name="same(varchar, varchar) RETURNS bool", body="RETURN true;"),
        "CREATE OPERATOR public.= (leftarg = varchar, rightarg = varchar, function = same)",
        TRAP.format(name="joined(varchar, varchar) RETURNS text", body="RETURN 'x';"),
        "CREATE OPERATOR public.|| (leftarg = varchar, rightarg = varchar, function = joined)",
    )
    made = copy_of(tenants, odoo_template, *plants)
    with tenants.tenant(made).reading() as reader, reader.unchanging():
        before = reader.index(SECTIONS)
        reader.contents(dict(list(before.entries.items())[:200]))

    assert before.problems == {}
    assert tenants.ask(made, "SELECT is_called FROM public.fired") == [False]


def test_an_endless_message_ends_the_reading(tenants: Tenants, odoo_template: MadeTenant) -> None:
    shout = """CREATE FUNCTION public.shout() RETURNS int LANGUAGE plpgsql AS $shout$
        BEGIN LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END $shout$"""
    plants = (
        *(shout, "ALTER TABLE ir_ui_menu RENAME TO genuine"),
        "CREATE VIEW ir_ui_menu AS SELECT public.shout() AS id",
    )
    with pytest.raises(QuotaReached), open_copy(tenants, odoo_template, *plants) as reader:
        reader.index([DiffSection.DATA])


def test_a_reading_is_stopped_on_request(tenants: Tenants, odoo_template: MadeTenant) -> None:
    made = copy_of(
        tenants,
        odoo_template,
        "ALTER TABLE ir_ui_menu RENAME TO genuine",
        "CREATE VIEW ir_ui_menu AS SELECT 1 AS id, pg_sleep(20)::text AS name",
    )
    with pytest.raises(Cancelled), tenants.tenant(made).reading(lambda: True) as reader:
        reader.index([DiffSection.DATA])


def test_what_others_write_meanwhile_does_not_show(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    made = copy_of(tenants, odoo_template)
    with tenants.tenant(made).reading() as reader, reader.unchanging():
        before = reader.index([DiffSection.PARAMETERS])
        tenants.run(made, "INSERT INTO ir_config_parameter (key, value) VALUES ('new', '1')")
        again = reader.index([DiffSection.PARAMETERS])

    assert compare(before, again) == ()


def test_a_large_table_is_estimated_and_named(
    tenants: Tenants, odoo_template: MadeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "COUNTED_BYTES", 64 << 10)
    rows = "CREATE TABLE acme AS SELECT n, repeat('x', 200) FROM generate_series(1, 5000) AS n"
    with open_copy(tenants, odoo_template, rows, "ANALYZE acme") as reader:
        found: Index = reader.rows(is_counted)

    assert found.entries[Key("rows", "acme")].digest == "about 5000"
    assert "acme" in found.notes[DiffSection.ROWS]


def test_the_rows_that_differ_are_found_by_their_ids(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    changes = (
        "UPDATE res_partner SET name = 'Renamed', write_date = now() WHERE id = 1",
        "UPDATE res_country SET write_date = now()",
        "UPDATE res_users SET password = 'another'",
        "DELETE FROM res_country_state WHERE id = (SELECT max(id) FROM res_country_state)",
        "INSERT INTO res_partner_category (name) VALUES ('{}')",
        "ALTER TABLE res_bank ADD unset varchar",
    )
    with (
        open_copy(tenants, odoo_template) as one,
        open_copy(tenants, odoo_template, *changes) as other,
    ):
        found = compare(one.rows(is_counted), other.rows(is_counted))
        names = [each.key.name for each in found]
        before, after = one.row_digests(names), other.row_digests(names)

    assert names == ["res_country_state", "res_partner", "res_partner_category"]
    partner = RowChanges.between(before["res_partner"], after["res_partner"])
    assert partner.details() == ("changed: 1 (id 1)",)
    states = RowChanges.between(before["res_country_state"], after["res_country_state"])
    assert (len(states.removed), states.added, states.changed) == (1, (), ())
    new = RowChanges.between(before["res_partner_category"], after["res_partner_category"])
    assert (len(new.added), new.removed, new.changed) == (1, (), ())


def test_a_null_in_a_stored_object_differs_from_an_object_without_it(
    tenants: Tenants, odoo_template: MadeTenant
) -> None:
    table = "CREATE TABLE acme (id int, held jsonb, other varchar)"
    null = "INSERT INTO acme VALUES (1, '{\"a\": null}', NULL)"
    empty = "INSERT INTO acme VALUES (1, '{}', NULL)"
    with (
        open_copy(tenants, odoo_template, table, null) as one,
        open_copy(tenants, odoo_template, table, empty) as other,
    ):
        found = compare(one.rows(is_counted), other.rows(is_counted))

    assert [each.key.name for each in found] == ["acme"]


def test_a_table_with_long_values_is_only_counted_and_named(
    tenants: Tenants, odoo_template: MadeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "DIGESTED_BYTES", 256 << 10)
    long = """CREATE TABLE acme AS
        SELECT n, repeat(md5(n::text), 30000) FROM generate_series(1, 99) AS n"""
    with open_copy(tenants, odoo_template, long) as reader:
        found: Index = reader.rows(is_counted)

    entry = found.entries[Key("rows", "acme")]
    assert (entry.digest, entry.rows) == ("99", "")
    assert "acme" in found.notes[DiffSection.ROWS]


def copy_of(tenants: Tenants, source: MadeTenant, *statements: str) -> MadeTenant:
    made = tenants.clone(source)
    tenants.run(made, *statements)
    return made


@contextmanager
def open_copy(tenants: Tenants, source: MadeTenant, *statements: str) -> Iterator[Reader]:
    made = copy_of(tenants, source, *statements)
    with tenants.tenant(made).reading() as reader:
        yield reader
