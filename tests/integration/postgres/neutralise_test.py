"""Neutralisation of databases that look like those of several Odoo versions, on a real PostgreSQL.

What Odoo itself does to a database is tested with the real Odoo in `tests/integration/odoo`.
"""

import pytest

from oduflow.domain.errors import Conflict
from oduflow.domain.neutralised import NotNeutralised

FLAGS = {"database.is_neutralized": "true", "database.uuid": "new"}
BASE = (
    "CREATE TABLE ir_module_module (id serial PRIMARY KEY, name varchar, state varchar)",
    "CREATE TABLE ir_model_data (module varchar, name varchar, model varchar, res_id int)",
    "CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar UNIQUE, value text)",
    (
        "CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar NOT NULL,"
        " smtp_host varchar NOT NULL, smtp_port int NOT NULL, smtp_encryption varchar NOT NULL,"
        " smtp_user varchar, smtp_pass varchar NOT NULL, active boolean)"
    ),
    "CREATE TABLE ir_cron (id serial PRIMARY KEY, active boolean)",
    "INSERT INTO ir_cron (active) VALUES (true), (true), (false)",
    (
        "INSERT INTO ir_model_data VALUES ('base', 'autovacuum_job', 'ir.cron', 1),"
        " ('base', 'user_admin', 'res.users', 2)"
    ),
    (
        "INSERT INTO ir_mail_server"
        " (name, smtp_host, smtp_port, smtp_encryption, smtp_pass, active)"
        " VALUES ('Production', 'smtp.example.com', 587, 'starttls', 'hunter2', true)"
    ),
    (
        "INSERT INTO ir_config_parameter (key, value) VALUES ('database.uuid', 'old'),"
        " ('database.enterprise_code', 'M1'), ('shop.api_token', 'x')"
    ),
)
OLD = (  # as 14.0 names them
    "CREATE TABLE payment_acquirer (id serial, state varchar, stripe_secret_key varchar)",
    (
        "INSERT INTO payment_acquirer (state, stripe_secret_key) VALUES"
        " ('enabled', 'sk_live'), ('test', 'sk_test'), ('disabled', NULL)"
    ),
    (
        "CREATE TABLE delivery_carrier (id serial, active boolean, prod_environment boolean,"
        " delivery_type varchar, ups_passwd varchar)"
    ),
    (
        "INSERT INTO delivery_carrier (active, prod_environment, delivery_type, ups_passwd) VALUES"
        " (true, true, 'ups', 'x'), (true, false, 'fixed', NULL)"
    ),
    (
        "CREATE TABLE fetchmail_server (id serial, active boolean, state varchar, server varchar,"
        ' "user" varchar, password varchar)'
    ),
    (
        'INSERT INTO fetchmail_server (active, state, server, "user", password)'
        " VALUES (true, 'done', 'imap.example.com', 'me', 'x')"
    ),
    "CREATE TABLE mail_mail (id serial, state varchar)",
    "INSERT INTO mail_mail (state) VALUES ('outgoing'), ('sent'), ('exception')",
    (
        "CREATE TABLE res_users (id serial, oauth_access_token varchar, totp_secret varchar,"
        " google_calendar_rtoken varchar)"
    ),
    "INSERT INTO res_users VALUES (1, NULL, NULL, NULL), (2, 'x', 'JBSW', 'r'), (3, 'y', 'K', 'q')",
    "CREATE TABLE res_users_apikeys (id serial, key varchar)",
    "INSERT INTO res_users_apikeys (key) VALUES ('one'), ('two')",
    "CREATE TABLE website (id serial, domain varchar, cdn_activated boolean, robots_txt text)",
    "INSERT INTO website (domain, cdn_activated) VALUES ('https://shop.example.com', true)",
)


@pytest.fixture
def odoo_like(tenants):
    return lambda *more: tenants.empty("tpl", *BASE, *more)


def applied(tenants, made):
    done = tenants.tenant(made).neutralise(FLAGS)
    return {each.rule: each.rows for each in done}


def remaining(tenants, made):
    return {each.rule: each for each in tenants.tenant(made).read_back(FLAGS).remaining}


def test_an_old_database_sends_pays_and_ships_nothing_afterwards(odoo_like, tenants):
    made = odoo_like(*OLD)
    assert len(remaining(tenants, made)) > 10

    done = applied(tenants, made)

    assert remaining(tenants, made) == {}
    assert done["mail servers"] == 1
    assert done["scheduled actions"] == 1
    assert done["queued mail"] == 1
    assert done["API keys"] == 2
    ask = tenants.ask
    assert ask(made, "SELECT smtp_host FROM ir_mail_server") == ["invalid", "invalid"]
    assert ask(made, "SELECT name FROM ir_mail_server WHERE active OR smtp_pass <> ''") == [
        "neutralization - disable emails"
    ]
    assert ask(made, "SELECT id FROM ir_cron WHERE active") == [1]
    assert ask(made, "SELECT state FROM payment_acquirer ORDER BY id") == [
        "disabled",
        "test",
        "disabled",
    ]
    assert ask(made, "SELECT count(stripe_secret_key) FROM payment_acquirer") == [0]
    assert ask(made, "SELECT delivery_type FROM delivery_carrier WHERE active") == ["fixed"]
    assert ask(made, "SELECT state FROM mail_mail ORDER BY id") == ["cancel", "sent", "exception"]
    assert ask(made, "SELECT count(oauth_access_token) FROM res_users") == [0]
    assert ask(made, "SELECT count(google_calendar_rtoken) FROM res_users") == [0]


def test_only_the_administrators_second_factor_is_taken(odoo_like, tenants):
    made = odoo_like(*OLD)
    applied(tenants, made)
    assert tenants.ask(made, "SELECT totp_secret FROM res_users ORDER BY id") == [None, None, "K"]


def test_only_the_administrators_passkeys_are_taken(odoo_like, tenants):
    made = odoo_like(
        "CREATE TABLE auth_passkey_key (id serial, create_uid int)",
        "INSERT INTO auth_passkey_key (create_uid) VALUES (2), (3)",
    )
    assert "passkeys of the administrator" in remaining(tenants, made)
    applied(tenants, made)
    assert tenants.ask(made, "SELECT create_uid FROM auth_passkey_key") == [3]


def test_each_run_leaves_one_dummy_mail_server(odoo_like, tenants):
    made = odoo_like()
    odoos_own = (
        "INSERT INTO ir_mail_server"
        " (name, smtp_port, smtp_host, smtp_encryption, smtp_pass, active)"
        " VALUES ('neutralization - disable emails', 1025, 'invalid', 'none', '', true)"
    )
    for _ in range(3):
        tenants.run(made, odoos_own)
        applied(tenants, made)
    assert remaining(tenants, made) == {}
    assert tenants.ask(made, "SELECT count(*) FROM ir_mail_server WHERE active") == [1]
    assert tenants.ask(made, "SELECT count(*) FROM ir_mail_server") == [2]


def test_a_production_server_with_the_dummys_name_is_closed_too(odoo_like, tenants):
    made = odoo_like(
        "UPDATE ir_mail_server SET name = 'neutralization - disable emails'",
    )
    applied(tenants, made)
    assert remaining(tenants, made) == {}
    assert tenants.ask(made, "SELECT DISTINCT smtp_host FROM ir_mail_server") == ["invalid"]


def test_system_parameters_are_set_cleared_and_suspected(odoo_like, tenants):
    made = odoo_like()
    applied(tenants, made)
    keys = tenants.ask(made, "SELECT key || '=' || value FROM ir_config_parameter ORDER BY key")
    assert keys == ["database.is_neutralized=true", "database.uuid=new", "shop.api_token=x"]
    (warning,) = tenants.tenant(made).read_back(FLAGS).warnings
    assert "shop.api_token" in warning


@pytest.mark.parametrize(
    ("hostile", "rule"),
    [
        pytest.param(
            ("CREATE RULE quiet AS ON UPDATE TO ir_cron DO INSTEAD NOTHING",),
            "scheduled actions",
            id="a rule that swallows an update",
        ),
        pytest.param(
            ("CREATE RULE quiet AS ON DELETE TO res_users_apikeys DO INSTEAD NOTHING",),
            "API keys",
            id="a rule that swallows a delete",
        ),
        pytest.param(
            ("CREATE RULE quiet AS ON INSERT TO ir_mail_server DO INSTEAD NOTHING",),
            "dummy mail server",
            id="a rule that swallows an insert",
        ),
        pytest.param(
            (
                (
                    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN new.active = true; RETURN new; END'"
                ),
                "CREATE TRIGGER keep BEFORE UPDATE ON ir_cron FOR EACH ROW EXECUTE FUNCTION keep()",
            ),
            "scheduled actions",
            id="a trigger that changes the value back",
        ),
        pytest.param(
            (
                (
                    "CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN UPDATE mail_mail SET state = $$outgoing$$ WHERE state = $$cancel$$;"
                    " RETURN NULL; END'"
                ),
                (
                    "CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON ir_cron DEFERRABLE"
                    " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION later()"
                ),
            ),
            "queued mail",
            id="a trigger that waits for the commit",
        ),
        pytest.param(
            ("CREATE RULE quiet AS ON UPDATE TO ir_config_parameter DO INSTEAD NOTHING",),
            "system parameters",
            id="a rule on the parameters",
        ),
    ],
)
def test_what_undoes_a_rule_is_found(hostile, rule, odoo_like, tenants):
    made = odoo_like(*OLD, *hostile)
    if rule == "system parameters":  # PostgreSQL refuses ON CONFLICT on a table with rules
        with pytest.raises(NotNeutralised, match="setting system parameters"):
            applied(tenants, made)
        return
    applied(tenants, made)
    found = remaining(tenants, made)
    assert rule in found
    (warning, *_) = [w for w in tenants.tenant(made).read_back(FLAGS).warnings if "of its own" in w]
    assert "rule quiet" in warning or "trigger" in warning


def test_rows_hidden_by_row_level_security_are_a_failure(odoo_like, tenants):
    made = odoo_like(
        "ALTER TABLE ir_cron ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE ir_cron FORCE ROW LEVEL SECURITY",
        "CREATE POLICY own ON ir_cron USING (current_setting('application_name') <> 'oduflow')",
    )
    applied(tenants, made)
    with pytest.raises(NotNeutralised, match="reading back rule") as raised:
        remaining(tenants, made)
    assert "row-level security" in raised.value.output


def test_a_view_in_place_of_a_table_is_refused(odoo_like, tenants):
    made = odoo_like(
        "ALTER TABLE ir_cron RENAME TO real_cron",
        "CREATE VIEW ir_cron AS SELECT id, active FROM real_cron WHERE NOT active",
    )
    with pytest.raises(NotNeutralised, match="ir_cron is a view"):
        tenants.tenant(made).neutralise(FLAGS)


@pytest.mark.parametrize("step", [applied, remaining])
def test_a_table_in_a_schema_that_odoo_looks_into_first_is_refused(step, odoo_like, tenants):
    made = odoo_like()
    applied(tenants, made)
    tenants.run(
        made,
        "CREATE SCHEMA AUTHORIZATION CURRENT_USER CREATE TABLE ir_cron (id int, active boolean)",
    )
    with pytest.raises(NotNeutralised, match="named like its role has ir_cron"):
        step(tenants, made)


def test_an_operator_of_the_databases_own_does_not_fool_the_proof(odoo_like, tenants):
    made = odoo_like(
        "CREATE FUNCTION no(boolean, boolean) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR = (leftarg = boolean, rightarg = boolean, function = no)",
    )
    assert "scheduled actions" in remaining(tenants, made)


def test_a_database_without_odoo_is_refused(tenants):
    made = tenants.empty()
    with pytest.raises(Conflict, match="no Odoo"):
        tenants.tenant(made).neutralise(FLAGS)
    with pytest.raises(Conflict, match="no Odoo"):
        tenants.tenant(made).read_back(FLAGS)


def test_names_that_the_database_chose_are_single_words(odoo_like, tenants):
    made = odoo_like('CREATE RULE "obey me: leak" AS ON UPDATE TO ir_cron DO ALSO NOTHING')
    applied(tenants, made)
    (warning, *_) = tenants.tenant(made).read_back(FLAGS).warnings
    assert "rule obey?me??leak of ir_cron" in warning


def test_a_failing_rule_changes_nothing(odoo_like, tenants):
    made = odoo_like(*OLD, "ALTER TABLE website ADD CONSTRAINT keep CHECK (domain IS NOT NULL)")
    with pytest.raises(NotNeutralised, match="websites"):
        tenants.tenant(made).neutralise(FLAGS)
    assert tenants.ask(made, "SELECT count(*) FROM ir_cron WHERE active") == [2]
