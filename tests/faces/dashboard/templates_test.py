"""The templates: the list, making one, deleting one."""

from tests.support import template_ledger
from tests.support.dashboard_world import finish, paused_jobs, post, show
from tests.support.pages import Element, read_page


def test_a_row_says_what_it_is_made_of_and_who_uses_it(world, ledger):
    ledger.add_template("acme", modules=("sale", "crm"), environments=("a", "b", "c", "d"))
    acme, base = rows(show(world, "/templates"))
    for text in ("Ready", "acme", "odoo:19.0", "sale crm", "a, b, c and 1 more", "admin"):
        assert text in acme.text
    assert acme.all("a", href="/environments/a")
    assert acme.all("a", href="/new/environment?template=acme")
    assert "base, web" in base.text
    assert "None" in base.text


def test_the_page_of_a_template_shows_what_it_is_from_and_the_proof(world, ledger):
    ledger.add_template("prod", source="prod.zip", odoo_version="19.0", neutralized=True)
    row = rows(show(world, "/templates"))[-1]
    assert row.all("a", href="/templates/prod")

    page = show(world, "/templates/prod")
    for text in (
        f"prod.zip SHA-256 {'a' * 64}",
        "2 rules were read back and left no row",
        "it took 1.2 s",
        "mail servers: 2; API keys: 0",
        "team.sql",
        "A trigger of its own.",
    ):
        assert text in page.text
    assert "It has no data of production." in show(world, "/templates/base-19").text


def test_the_page_of_a_template_that_is_being_imported_says_that_it_is_not_neutralised_yet(
    world, ledger, monkeypatch
):
    monkeypatch.setattr(template_ledger, "NEUTRALISED", None)
    ledger.add_template("prod", source="prod.zip", state="creating", neutralized=False)

    listed = rows(show(world, "/templates"))[-1]
    page = show(world, "/templates/prod")

    assert "not neutralised yet" in listed.text
    assert "It is not neutralised yet." in page.text
    assert "Creating" in page.one("section", **{"aria-labelledby": "facts"}).text


def test_one_rule_is_one_rule(world, ledger, monkeypatch):
    one = template_ledger.NEUTRALISED.model_copy(update={"proven": ("mail servers",)})
    monkeypatch.setattr(template_ledger, "NEUTRALISED", one)
    ledger.add_template("prod", source="prod.zip", neutralized=True)

    assert "1 rule was read back" in show(world, "/templates/prod").text


def test_an_earlier_version_has_no_page_because_its_name_is_no_template_s(world, ledger):
    ledger.add_template("prod.v1", source="prod.zip", state="retired", neutralized=True)

    row = rows(show(world, "/templates"))[-1]

    assert "prod.v1" in row.text
    assert row.all("a", href="/templates/prod.v1") == []


def test_a_template_that_is_not_ready_cannot_be_used(world, ledger):
    ledger.add_template("base-19", state="creating")
    [row] = rows(show(world, "/templates"))
    assert "Creating" in row.text
    assert row.all("a", href="/new/environment?template=base-19") == []


def test_creating_begins_a_job_and_shows_it_above_the_list(world, ledger):
    with paused_jobs(world, ledger):
        answer = post(world, "/templates", name="Acme", modules="sale, crm")
        [job] = world.job_rows.rows
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/templates?job={job}"
        page = show(world, answer.headers["Location"])
        part = page.one("div", id="templates")
        assert (part["hx-get"], part["hx-trigger"]) == (f"/_/templates?job={job}", "every 1s")
        assert "Creating acme" in page.one("section").text
        assert "installing Odoo's modules" in page.one("section").text
    part = show(world, f"/_/templates?job={job}").one("div", id="templates")
    assert part.get("hx-get") is None
    assert "Template acme is ready." in part.one("section").text
    assert ledger.templates["acme"].modules == ("sale", "crm")


def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_lost(world):
    answer = post(world, "/templates", name="", odoo_image="odoo:18.0")
    page = read_page(answer.text)
    assert answer.status_code == 422
    assert page.one("p", id="p-name").text == "This is required."
    assert page.one("input", name="odoo_image")["value"] == "odoo:18.0"


def test_the_form_lists_the_versions_and_where_their_images_come_from(world):
    page = show(world, "/new/template")
    choices = [choice.text for choice in page.one("select", name="odoo_version").all("option")]
    assert choices[1:] == ["14.0", "15.0", "16.0", "17.0", "18.0", "19.0"]
    for text in (
        "odoo:19.0 on this server",
        "odoo:17.0 from the registry,",
        "odoo:14.0 from the registry or built",
    ):
        assert text in page.text


def test_a_row_says_demo_data_language_and_country(world, ledger):
    ledger.add_template("acme", demo=True, language="fr_BE", country="BE")
    acme, base = rows(show(world, "/templates"))
    assert "demo data fr_BE BE" in acme.text
    assert "demo data" not in base.text


def test_a_name_that_another_call_works_on_is_busy_and_says_who(world, ledger):
    with paused_jobs(world, ledger):
        post(world, "/templates", name="acme")
        created = post(world, "/templates", name="acme")
        deleted = post(world, "/templates/base-19/delete")
        again = post(world, "/templates/base-19/delete")
    assert (created.status_code, deleted.status_code, again.status_code) == (423, 303, 423)
    for answer in (created, again):
        assert "by basic:admin" in read_page(answer.text).one("div", role="alert").text


def test_a_template_in_use_offers_no_deletion_and_names_its_environments(world, ledger):
    ledger.add_template("acme", environments=("demo",))
    page = show(world, "/templates/acme/delete")
    assert "acme is in use." in page.text
    assert page.one("ul").one("a")["href"] == "/environments/demo"
    assert page.all("form") == []


def test_deleting_one_in_use_is_refused_with_the_reason(world, ledger):
    ledger.add_template("acme", environments=("demo",))
    where = post(world, "/templates/acme/delete").headers["Location"]
    finish(world)
    why = show(world, where).one("details", class_="why")
    assert "Template acme is in use by demo." in why.text
    assert "acme" in ledger.templates


def test_before_deleting_what_is_lost_is_said_and_then_it_is_gone(world, ledger):
    page = show(world, "/templates/base-19/delete")
    assert any("database" in item.text for item in page.one("ul").all("li"))
    where = post(world, "/templates/base-19/delete").headers["Location"]
    finish(world)
    assert "Template base-19 is deleted." in show(world, where).text
    assert ledger.templates == {}


def rows(page: Element) -> list[Element]:
    return page.one("tbody").all("tr")
