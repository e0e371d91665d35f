"""Anonymisation and the team's scripts, on a real PostgreSQL."""

import pytest

from oduflow.domain.anonymisation import field_rule
from oduflow.domain.neutralised import NotNeutralised, SqlScript

TABLES = """
CREATE TABLE ir_model (id serial, model varchar);
CREATE TABLE ir_model_fields (model varchar, name varchar, ttype varchar, related varchar);
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, display_name varchar,
    email varchar UNIQUE, email_normalized varchar, phone varchar, phone_sanitized varchar,
    comment text, vat varchar(20), ref varchar NOT NULL DEFAULT '', birthday date,
    seen timestamp, color int);
CREATE TABLE res_users (id serial, partner_id int);
CREATE TABLE crm_lead (id serial, email_from varchar);
CREATE TABLE product_template (id serial, name jsonb);
INSERT INTO ir_model (model) VALUES
    ('res.partner'), ('res.users'), ('crm.lead'), ('product.template');
INSERT INTO ir_model_fields SELECT replace(table_name, '_', '.'), column_name, 'char', NULL
    FROM information_schema.columns WHERE table_schema = 'public';
INSERT INTO ir_model_fields VALUES ('res.users', 'name', 'char', 'partner_id.name');
INSERT INTO res_partner (name, display_name, email, email_normalized, phone, phone_sanitized,
    comment, birthday, seen) VALUES
    ('Jane', 'ACME, Jane', 'Jane@acme.example', 'jane@acme.example', '+32 1', '+321',
        'pays late', '1980-02-29', '2024-05-05 10:00'),
    ('Joe', 'Joe', 'joe@acme.example', 'joe@acme.example', NULL, NULL, '', '1990-01-01', NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO crm_lead (email_from) VALUES ('Jane@acme.example'), ('other@acme.example');
INSERT INTO product_template (name) VALUES
    ('{"en_US": "Chair of Jane", "fr_FR": "Chaise de Jane"}'), (NULL), ('{}');
"""
TRANSLATIONS = """
CREATE TABLE ir_translation (id serial, name varchar, type varchar, src text, value text);
INSERT INTO ir_translation (name, type, src, value) VALUES
    ('res.partner,name', 'model', 'Jane', 'Jeanne'), ('res.partner,name', 'code', 'Name', 'Nom'),
    ('res.partner,comment', 'model', 'pays late', 'paie tard');
"""


@pytest.fixture
def made(tenants):
    return tenants.empty("tpl", TABLES)


@pytest.fixture
def anonymise(tenants, made):
    def call(key="key", **fields):
        rules = [field_rule(name.replace("__", "."), word) for name, word in fields.items()]
        done = tenants.tenant(made).anonymise(rules, key)
        return {each.rule: each.rows for each in done}

    return call


@pytest.fixture
def ask(tenants, made):
    return lambda query: tenants.ask(made, query)


def test_every_word_replaces_what_a_field_holds_and_keeps_what_is_empty(anonymise, ask):
    done = anonymise(
        res__partner__name="name",
        res__partner__email="email",
        res__partner__phone="phone",
        res__partner__comment="text",
        res__partner__birthday="date",
        res__partner__seen="date",
    )

    assert done["res.partner.name"] == 2
    assert done["res.partner.email_normalized"] == 2
    text = " ".join(ask("SELECT concat_ws('|', p) FROM res_partner AS p"))
    for known in ("Jane", "Joe", "acme", "jane", "+32", "late", "1980-02-29", "2024-05-05"):
        assert known not in text
    assert ask("SELECT email FROM res_partner WHERE id = 1")[0].endswith("@example.com")
    assert ask("SELECT email = email_normalized FROM res_partner WHERE id < 3") == [True, True]
    assert ask("SELECT count(phone) + count(seen) FROM res_partner") == [2]
    assert ask("SELECT comment FROM res_partner WHERE id = 2") == [""]
    assert ask("SELECT count(*) FROM res_partner WHERE name IS NULL AND email IS NULL") == [1]
    moved = ask(
        "SELECT (date '1980-02-29' - birthday)"
        " - date_part('day', timestamp '2024-05-05 10:00' - seen) FROM res_partner WHERE id = 1"
    )
    assert moved == [0]  # all dates of one row by the same number of days


def test_equal_values_stay_equal_in_all_tables_and_with_the_same_key(anonymise, ask, tenants):
    anonymise(res__partner__email="email", crm__lead__email_from="email")
    same = "SELECT count(*) FROM res_partner JOIN crm_lead ON email = email_from"
    assert ask(same) == [1]
    assert ask("SELECT count(DISTINCT email_from) FROM crm_lead") == [2]
    first = ask("SELECT email FROM res_partner ORDER BY id")

    other = tenants.empty("tpl", TABLES)
    rule = field_rule("res.partner.email", "email")
    tenants.tenant(other).anonymise([rule], "key")
    assert tenants.ask(other, "SELECT email FROM res_partner ORDER BY id") == first
    tenants.tenant(other).anonymise([rule], "another key")
    assert tenants.ask(other, "SELECT email FROM res_partner ORDER BY id") != first


def test_each_language_of_a_translated_column_is_replaced(anonymise, ask):
    assert anonymise(product__template__name="text") == {"product.template.name": 2}
    assert ask("SELECT count(*) FROM product_template WHERE name::text ~ 'Jane|Chai'") == [0]
    assert ask("SELECT count(*) FROM product_template, jsonb_object_keys(name)") == [2]


def test_translations_in_a_table_of_their_own_are_replaced(anonymise, ask, tenants, made):
    tenants.run(made, TRANSLATIONS)
    anonymise(res__partner__name="name", res__partner__comment="null")
    assert ask("SELECT type || src FROM ir_translation WHERE src ~ '^(Name|Jane|pays)'") == [
        "codeName"
    ]
    assert ask("SELECT count(*) FROM ir_translation") == [2]


def test_hash_and_null(anonymise, ask):
    anonymise(res__partner__email="hash", res__partner__phone="null")
    assert ask("SELECT length(email) FROM res_partner WHERE id = 1") == [32]
    assert ask("SELECT count(phone) + count(phone_sanitized) FROM res_partner") == [0]


@pytest.mark.parametrize(
    ("key", "word", "message", "hint"),
    [
        ("res.partnr.email", "email", "no model res.partnr", "res.partner"),
        ("res.partner.emial", "email", "no field emial", "email"),
        ("res.users.name", "name", "no column of its own", "partner_id.name"),
        ("res.partner.color", "name", "holds no text", "null"),
        ("res.partner.email", "date", "holds no date", ""),
        ("res.partner.vat", "hash", "at most 20 characters", "null"),
        ("res.partner.ref", "null", "must have a value", "another"),
    ],
)
def test_a_field_that_is_missing_or_does_not_fit_is_named(key, word, message, hint, tenants, made):
    rules = [field_rule("res.partner.name", "name"), field_rule(key, word)]
    with pytest.raises(NotNeutralised, match=message) as raised:
        tenants.tenant(made).anonymise(rules, "key")
    assert hint in raised.value.hint
    assert "Jane" in tenants.ask(made, "SELECT name FROM res_partner")


def test_an_optional_field_may_be_missing(tenants, made):
    rule = field_rule("hr.employee.name?", "name")
    assert tenants.tenant(made).anonymise([rule], "key") == ()


@pytest.mark.parametrize(
    "hostile",
    [
        "CREATE RULE quiet AS ON UPDATE TO res_partner DO INSTEAD NOTHING",
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END';"
            "CREATE TRIGGER keep BEFORE UPDATE ON res_partner FOR EACH ROW EXECUTE FUNCTION keep()"
        ),
    ],
)
@pytest.mark.parametrize(("field", "word"), [("email", "email"), ("birthday", "date")])
def test_values_that_an_update_did_not_change_are_a_failure(hostile, field, word, tenants, made):
    tenants.run(made, hostile)
    with pytest.raises(NotNeutralised, match=f"res_partner.{field}"):
        tenants.tenant(made).anonymise([field_rule(f"res.partner.{field}", word)], "key")


def test_a_unique_column_of_many_rows_stays_unique(anonymise, ask, tenants, made):
    tenants.run(
        made,
        "INSERT INTO res_partner (name, email) SELECT 'N' || n, n || '@x.example'"
        " FROM generate_series(1, 100000) AS n",
    )
    assert anonymise(res__partner__email="email")["res.partner.email"] == 100_002
    assert ask("SELECT count(DISTINCT email) FROM res_partner") == [100_002]


def test_scripts_run_in_their_order_and_all_or_none(tenants, made, ask):
    scripts = [
        SqlScript("10-mark.sql", "-- it's a; comment\nCREATE TABLE mark (n int);\n"),
        SqlScript("20-fill.sql", "INSERT INTO mark VALUES (1);\nDO $$ BEGIN NULL; END $$;\n"),
    ]
    tenants.tenant(made).run_scripts(scripts)
    assert ask("SELECT n FROM mark") == [1]

    broken = SqlScript("30-broken.sql", "INSERT INTO mark VALUES (2);\n\nUPDATE mark SET\n  m = 1;")
    with pytest.raises(NotNeutralised, match=r"30-broken\.sql, line 4") as raised:
        tenants.tenant(made).run_scripts([broken])
    assert 'column "m"' in raised.value.output
    assert ask("SELECT n FROM mark") == [1]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("SELECT 1;\nSELECT 1/0;", 2, "division by zero"),
        ("SELECT 1;\nCOMMIT;\nSELECT 2", 2, "ends the transaction"),
        ("\n\nROLLBACK; BEGIN", 3, "ends the transaction"),
        ("SELECT 1;\n\\! touch /tmp/x", 2, "syntax error"),
        ("COPY mark FROM STDIN;", 1, "failed"),
        ("COPY res_partner TO PROGRAM 'cat';", 1, "permission denied"),
        ("CREATE ROLE other;", 1, "permission denied"),
    ],
)
def test_a_script_that_fails_is_named_with_its_line(text, line, message, tenants, made):
    with pytest.raises(NotNeutralised, match=rf"own\.sql, line {line}, ") as raised:
        tenants.tenant(made).run_scripts([SqlScript("own.sql", text)])
    assert message in f"{raised.value.message} {raised.value.output}"
