"""Passkeys of Odoo 18 and later sign in without the password, on a real PostgreSQL."""

import pytest

from oduflow.domain.passwords import odoo_hash

TABLES = (
    "CREATE TABLE ir_module_module (id serial PRIMARY KEY, name varchar, state varchar)",
    "CREATE TABLE ir_model_data (module varchar, name varchar, model varchar, res_id int)",
    "INSERT INTO ir_model_data VALUES ('base', 'user_admin', 'res.users', 2)",
    "CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar UNIQUE, value text)",
    "CREATE TABLE res_users (id int, login varchar, password varchar, active boolean)",
    "INSERT INTO res_users VALUES (2, 'admin', 'x', true), (3, 'eve', 'y', true)",
    "CREATE TABLE res_users_apikeys (id serial, key varchar)",
)
PASSKEYS = (
    "CREATE TABLE auth_passkey_key (id serial, create_uid int, public_key varchar)",
    "INSERT INTO auth_passkey_key (create_uid, public_key) VALUES (2, 'a'), (3, 'b'), (2, 'c')",
)
OWNERS = "SELECT create_uid FROM auth_passkey_key"


@pytest.mark.parametrize("made_by", ["make_own", "forget_private"])
def test_the_administrators_passkeys_stay_behind_and_those_of_others_do_not(tenants, made_by):
    made = tenants.empty("tpl", *TABLES, *PASSKEYS)
    words: tuple[object, ...] = (odoo_hash("secret"), {}) if made_by == "make_own" else ()

    getattr(tenants.tenant(made), made_by)(*words)

    assert tenants.ask(made, OWNERS) == [3]


def test_a_database_of_an_older_odoo_has_no_passkeys_to_remove(tenants):
    made = tenants.empty("tpl", *TABLES)

    assert tenants.tenant(made).make_own(odoo_hash("secret"), {}) == "admin"
