"""Odoo's oldest and newest supported version: template, module, boot, reports."""

import http.cookiejar
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import Instance
from tests.support.variants import inside, plan_of
from tests.support.variants import signed_in as entered

pytestmark = pytest.mark.timeout(900)  # the first one waits for the base template

MODULE = {
    "acme_notes/__init__.py": "from . import models",
    "acme_notes/models.py": (
        "from odoo import fields, models\n\n\n"
        "class Note(models.Model):\n"
        '    _name = "acme.note"\n'
        '    _description = "Note"\n\n'
        "    name = fields.Char(required=True)\n"
    ),
    "acme_notes/__manifest__.py": (
        '{"name": "Acme notes", "author": "Acme", "license": "LGPL-3", "depends": ["web"],'
        ' "data": ["ir.model.access.csv", "views.xml"], "demo": ["demo.xml"]}'
    ),
    "acme_notes/ir.model.access.csv": (
        "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
        "access_note,note,model_acme_note,base.group_user,1,1,1,1\n"
    ),
    "acme_notes/demo.xml": (
        '<odoo><record id="first" model="acme.note">'
        '<field name="name">First</field></record></odoo>'
    ),
    "acme_notes/views.xml": """<odoo>
  <record id="form" model="ir.ui.view">
    <field name="name">acme.note.form</field>
    <field name="model">acme.note</field>
    <field name="arch" type="xml"><form><field name="name"/></form></field>
  </record>
  <template id="note"><t t-call="web.html_container"><t t-foreach="docs" t-as="doc">
    <t t-call="web.external_layout"><div class="page"><span t-field="doc.name"/></div></t>
  </t></t></template>
  <record id="report" model="ir.actions.report">
    <field name="name">Note</field>
    <field name="model">acme.note</field>
    <field name="report_type">qweb-pdf</field>
    <field name="report_name">acme_notes.note</field>
  </record>
</odoo>""",
}
QUERY = """
import configparser, json, sys
import psycopg2
conf = configparser.RawConfigParser()
conf.read("/etc/odoo/odoo.conf")
given = conf["options"]
database = psycopg2.connect(
    host=given["db_host"], dbname=given["db_name"], user=given["db_user"],
    password=given["db_password"],
)
cursor = database.cursor()
cursor.execute(sys.argv[1])
print(json.dumps(cursor.fetchone()))
"""


class LoggedVersion(NamedTuple):
    """An environment of one version, and the lines of its log from its start."""

    version: str
    instance: Instance
    name: str
    url: str
    container: str
    log: str

    def value(self, query: str) -> Any:
        (found,) = json.loads(inside(self.container, QUERY, query))
        return found


def test_the_log_of_the_start_has_no_warning(made: LoggedVersion) -> None:
    assert "HTTP service" in made.log
    assert re.findall(r".* (?:WARNING|ERROR|CRITICAL) .*", made.log) == []


def test_the_module_of_the_repository_is_installed_with_the_templates_demo_data(
    made: LoggedVersion,
) -> None:
    assert made.value("SELECT count(*) FROM acme_note") == 1


def test_the_company_and_the_administrator_have_the_country_and_language(
    made: LoggedVersion,
) -> None:
    country = "SELECT country.code FROM res_company JOIN res_partner AS partner ON "
    country += "partner.id = partner_id JOIN res_country AS country ON country.id = country_id"
    language = "SELECT lang FROM res_users JOIN res_partner AS partner ON partner.id = partner_id "

    assert made.value(country) == "BE"
    assert made.value(f"{language} WHERE login = 'admin'") == "fr_BE"


def test_the_bundles_of_the_web_client_were_generated_with_the_template(
    made: LoggedVersion,
) -> None:
    bundles = "SELECT count(*) FROM ir_attachment WHERE url LIKE '%web.assets_backend%'"
    bundles += " OR url LIKE '%web.assets_web%'"

    assert made.value(bundles) >= 2


def test_the_administrator_signs_in_and_prints_a_report_where_the_image_can(
    made: LoggedVersion,
) -> None:
    browser = signed_in(made)
    report = f"{made.url}report/html/acme_notes.note/1"
    page = browser.open(report, timeout=60).read().decode()
    address = made.value("SELECT value FROM ir_config_parameter WHERE key = 'report.url'")

    assert "First" in page
    assert address == "http://127.0.0.1:8069"
    if has_program(made.container, "wkhtmltopdf"):
        pdf = browser.open(report.replace("/html/", "/pdf/"), timeout=120).read()
        assert pdf.startswith(b"%PDF")


def test_a_comparison_with_the_template_shows_the_module_and_a_change_alone(
    made: LoggedVersion,
) -> None:
    arch = "arch_db" if made.version == "14.0" else "arch_db ->> 'en_US'"
    new = f'replace({arch}, \'<field name="email"\', \'<field readonly="1" name="email"\')'
    if made.version != "14.0":
        new = f"jsonb_set(arch_db, '{{en_US}}', to_jsonb({new}))"
    before = changed(made)
    with entered(plan_of(made.instance, made.name)) as session:
        session.execute(
            f"UPDATE ir_ui_view SET arch_db = {new} WHERE id = (SELECT res_id FROM ir_model_data"  # noqa: S608 - made of constants
            " WHERE module = 'base' AND name = 'view_partner_form')"
        )

    assert changed(made) - before == {("changed", "views", "base.view_partner_form")}
    assert {("added", "modules", "acme_notes"), ("added", "rows", "acme_note")} <= before
    assert {how for how, *_ in before} == {"added"}
    assert {re.split(r"[._]", name)[0] for *_, name in before} == {"acme"}


def changed(made: LoggedVersion) -> set[tuple[str, str, str]]:
    shown = made.instance.ok("diff_environment", name=made.name)
    return {
        (change["change"], section["section"], change["name"])
        for section in shown["sections"]
        for change in section["changes"]
    }


def signed_in(made: LoggedVersion) -> urllib.request.OpenerDirector:
    login = made.instance.ok("get_environment_login", name=made.name)
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(jar)
    database = made.value("SELECT current_database()")
    given = {"db": database, "login": login["login"], "password": login["password"]}
    request = urllib.request.Request(  # noqa: S310 - the environment's own address
        f"{made.url}web/session/authenticate",
        json.dumps({"jsonrpc": "2.0", "params": given}).encode(),
        {"Content-Type": "application/json"},
    )
    answer = json.load(browser.open(request, timeout=60))
    assert answer["result"]["uid"], answer
    return browser


def has_program(container: str, name: str) -> bool:
    return inside(container, f"import shutil; print(shutil.which({name!r}) or '')").strip() != ""


@pytest.fixture(scope="module", params=VERSIONS)
def made(
    request: pytest.FixtureRequest, product: Instance, git: GitServer
) -> Iterator[LoggedVersion]:
    """Create a template with every option, and an environment from it."""
    version = request.param
    name = f"on-{version.partition('.')[0]}"
    options = {"demo": True, "language": "fr_BE", "country": "be"}
    product.ok("create_template", name=name, odoo_version=version, **options)
    wanted = {
        "repo_url": git.repository(name, {"main": MODULE}),
        "template": name,
        "modules": ["acme_notes"],
    }
    shown = product.ok("create_environment", name=name, **wanted)
    container = plan_of(product, name).container
    log = product.services.deps.engine.containers.logs(container, tail=1000)
    yield LoggedVersion(version, product, name, shown["url"], container, log)
    product.ok("delete_environment", name=name)
    product.ok("delete_template", name=name)
