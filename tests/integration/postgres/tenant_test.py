"""The environment's own side, against a database that the real Odoo filled."""

import pytest

from oduflow.domain.errors import Conflict
from oduflow.domain.passwords import odoo_hash
from tests.support.odoo_template import shell

SIGN_IN = """
from odoo.exceptions import AccessDenied
for password in ({password!r}, 'admin'):
    credential = dict(type='password', login='admin', password=password)
    try:
        print('in', env['res.users'].authenticate(credential, dict(interactive=False))['uid'])
    except AccessDenied:
        print('out')
"""
PARAMETER = "SELECT value FROM ir_config_parameter WHERE key = %s"
ADMIN = 2  # Odoo's own data: base.user_admin


def test_odoo_itself_lets_the_administrator_in_with_the_new_password_only(
    postgres, odoo_template, tenants
) -> None:
    made, secret = tenants.clone(odoo_template), "correct-horse-battery-staple-0123"
    assert tenants.tenant(made).make_own(odoo_hash(secret), {}) == "admin"
    assert shell(postgres, made, SIGN_IN.format(password=secret)).split() == ["in", "2", "out"]


def test_modules_are_reported_by_state(odoo_template, tenants) -> None:
    tenant = tenants.tenant(tenants.clone(odoo_template))
    states = tenant.module_states(["base", "crm", "no_such_module"])
    assert states == {"base": "installed", "crm": "uninstalled"}
    assert tenant.module_states([]) == {}


def test_states_that_a_killed_installation_left_are_reset(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    state = "UPDATE ir_module_module SET state = '{}' WHERE name = '{}'"
    left = {"base": "to upgrade", "crm": "to install", "web": "to remove"}
    tenants.run(
        made,
        *(state.format(value, name) for name, value in left.items()),
        "INSERT INTO ir_config_parameter (key, value)"
        " VALUES ('base.partially_updated_database', '1')",
    )
    tenant = tenants.tenant(made)

    assert tenant.reset_module_states() == ("base", "crm", "web")
    assert tenant.module_states(left) == {
        "base": "installed",
        "crm": "uninstalled",
        "web": "installed",
    }
    assert tenants.ask(made, PARAMETER, ["base.partially_updated_database"]) == []


def test_installed_modules_that_depend_on_one_are_found_over_others(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    names = {"sale", "sale_management"}  # the template has base_setup, over web, installed
    state = "UPDATE ir_module_module SET state = 'installed' WHERE name = '{}'"
    tenants.run(made, *map(state.format, sorted(names)))
    tenant = tenants.tenant(made)

    assert {"sale_management"} == tenant.installed_dependents(["sale"])
    assert {"base_setup", "web"} <= tenant.installed_dependents(["base"])
    assert "base" not in tenant.installed_dependents(["base"])


def test_an_archived_or_renamed_administrator_can_sign_in_again(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    tenants.run(made, "UPDATE res_users SET login = 'boss', active = false WHERE id = 2")
    assert tenants.tenant(made).make_own(odoo_hash("secret"), {}) == "boss"
    assert tenants.ask(made, "SELECT active FROM res_users WHERE id = %s", [ADMIN]) == [True]


def test_only_the_administrators_password_changes(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    others = "SELECT password FROM res_users WHERE id <> %s ORDER BY id"
    before = tenants.ask(made, others, [ADMIN])
    assert before
    tenants.tenant(made).make_own(odoo_hash("secret"), {})
    assert tenants.ask(made, others, [ADMIN]) == before


def test_a_copy_parts_from_its_template(odoo_template, tenants) -> None:
    one, other = tenants.clone(odoo_template), tenants.clone(odoo_template)
    key = (
        "INSERT INTO res_users_apikeys (name, user_id, index, key)"
        " VALUES ('old', 2, '12345678', 'x')"
    )
    tenants.run(one, key)
    for parameter in ("database.secret", "database.uuid"):
        assert tenants.ask(one, PARAMETER, [parameter]) == tenants.ask(
            other, PARAMETER, [parameter]
        )
    tenants.tenant(one).make_own(odoo_hash("secret"), {"report.url": "http://127.0.0.1:8069"})
    for parameter in ("database.secret", "database.uuid", "database.create_date"):
        assert tenants.ask(one, PARAMETER, [parameter]) != tenants.ask(
            other, PARAMETER, [parameter]
        )
    assert tenants.ask(one, PARAMETER, ["report.url"]) == ["http://127.0.0.1:8069"]
    assert tenants.ask(one, "SELECT count(*) FROM res_users_apikeys") == [0]


def test_a_database_without_odoo_says_so(tenants) -> None:
    made = tenants.empty()
    with pytest.raises(Conflict, match="holds no Odoo"):
        tenants.tenant(made).module_states(["base"])
    with pytest.raises(Conflict, match="holds no Odoo"):
        tenants.tenant(made).make_own(odoo_hash("secret"), {})


def test_a_database_without_an_administrator_says_so(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    tenants.run(made, "DELETE FROM ir_model_data WHERE name = 'user_admin'")
    with pytest.raises(Conflict, match="no Odoo administrator"):
        tenants.tenant(made).make_own(odoo_hash("secret"), {})


def test_a_copy_on_a_busy_server_gets_longer_for_its_secrets(odoo_template, tenants) -> None:
    made = tenants.clone(odoo_template)
    tenants.run(
        made,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(2); RETURN new; END'",
        "CREATE TRIGGER slow BEFORE UPDATE ON res_users FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    assert tenants.tenant(made, seconds=1).make_own(odoo_hash("secret"), {}) == "admin"


def test_an_empty_database_gets_odoos_extensions_once(tenants) -> None:
    made = tenants.empty("tpl")
    for _ in range(2):
        tenants.tenant(made).prepare_empty()
    found = tenants.ask(made, "SELECT extname FROM pg_extension ORDER BY 1")
    assert found == ["pg_trgm", "plpgsql", "unaccent"]


def test_letters_outside_ascii_are_cased_and_unaccented(tenants) -> None:
    made = tenants.empty("tpl")
    tenants.tenant(made).prepare_empty()
    query = "SELECT ('ÉCOLE' ILIKE 'école') AND unaccent('école') = 'ecole' AND 'Z' < 'a'"
    assert tenants.ask(made, query) == [True]
