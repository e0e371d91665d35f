"""The audit trail: its rows, narrowing them, going to older ones."""

from datetime import timedelta

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind
from tests.support.dashboard_world import BLUE, show
from tests.support.pages import read_page
from tests.support.store_rows import MOMENT, audit_row

ADA = Actor("1", ActorKind.OAUTH, "ada", subject_id="4711")


def test_a_row_says_who_did_what_from_where_and_how_it_ended(world, ledger):
    ledger.audit.append(
        audit_row(
            actor=ADA,
            fields={
                "name": "shop",
                "branch": None,
                "modules": ["crm", "sale"],
                "extra_repos": [],
                "rest": False,
            },
            outcome=Kind.FORBIDDEN,
            count=12,
        )
    )
    row = show(world, "/audit").one("tbody").one("tr")
    assert row.one("span", class_="state")["data-state"] == "failed"
    assert row.one("span", class_="state").text == "Forbidden"
    for told in ("Create environment", "12 times", "ada", "GitHub", "Name shop", "crm, sale"):
        assert told in row.text, told
    for left_out in ("Branch", "Extra repos", "REST"):
        assert left_out not in row.text, left_out
    assert "rest 192.0.2.1" in row.text
    assert row.one("time")["datetime"] == "2026-03-04T05:06:07.890Z"
    assert [part["title"] for part in row.all("span", class_="muted") if part.get("title")] == [
        "id 4711"
    ]


def test_the_audit_filter_form_keeps_what_was_typed(world, ledger):
    ledger.audit += [audit_row(actor=ADA), audit_row()]
    page = show(world, "/audit?actor=ada&face=&outcome=&since=")
    form = page.one("form", action="/audit")
    assert form["method"] == "get"
    assert form.one("input", name="actor")["value"] == "ada"
    assert {field["name"] for field in form.all("select")} == {"face", "outcome"}
    assert "before" not in [field["name"] for field in form.all("input")]
    assert len(page.one("tbody").all("tr")) == 1
    assert page.one("a", href="/audit", class_="button quiet").text == "Show all"


def test_a_filter_has_the_word_of_its_column(world, ledger):
    ledger.audit += [audit_row()]
    page = show(world, "/audit")
    columns = {column.text for column in page.all("th")}
    labels = {label.own_text[0].strip() for label in page.one("form", action="/audit").all("label")}
    assert {"Actor", "Operation", "Outcome", "Source"} <= columns & labels
    assert "Face" not in labels


def test_an_operation_may_be_asked_for_as_the_list_says_it(world):
    show(world, "/audit?operation=Create+environment")
    assert world.audit.rows[-1].fields["operation"] == "create_environment"


def test_a_filter_that_makes_no_sense_is_explained_and_can_be_mended(world):
    answer = world.client().get("/audit?since=soon", headers=BLUE)
    assert answer.status_code == 422
    page = read_page(answer.text)
    field = page.one("input", name="since")
    assert (field["value"], field["aria-invalid"]) == ("soon", "true")
    assert "since" in page.one("div", class_="alert").text


def test_older_rows_are_a_page_away_and_the_filter_goes_along(world, ledger):
    ledger.audit += [
        audit_row(actor=ADA, operation=f"o{number}", time=MOMENT + timedelta(seconds=number))
        for number in range(5)
    ]
    page = show(world, "/audit?actor=ada&limit=2")
    seen = operations(page)
    while older := page.all("a", rel="next"):
        assert "actor=ada" in older[0]["href"]
        page = show(world, older[0]["href"])
        seen += operations(page)
    assert seen == ["O4", "O3", "O2", "O1", "O0"]
    newest = [link["href"] for link in page.all("a") if link.text == "Newest"]
    assert newest == ["/audit?actor=ada"]


@pytest.mark.parametrize(
    ("query", "said"), [("", "No entries yet"), ("?actor=eve", "No matching entries")]
)
def test_an_empty_page_says_what_would_be_here_and_how_to_check_it(world, query, said):
    page = show(world, f"/audit{query}")
    assert said in page.one("main").text
    assert page.one("pre", class_="command").text == "oduflow audit verify"


def test_reads_are_shown_only_when_they_are_asked_for(world):
    form = show(world, "/audit").one("form", action="/audit")
    assert "checked" not in form.one("input", name="reads").attributes

    form = show(world, "/audit?reads=true").one("form", action="/audit")
    assert "checked" in form.one("input", name="reads").attributes


def test_every_page_leads_to_it(world):
    assert show(world, "/").one("a", href="/audit")["data-go"] == "u"


def operations(page):
    return [cell.text for cell in page.all("td", class_="name")]
