"""The list of environments, its search, and making a new one."""

import pytest

from oduflow.domain.errors import Internal, QuotaReached
from oduflow.domain.template import TemplateDefaults
from tests.support.dashboard_world import (
    BLUE,
    BROKEN,
    GONE,
    PASSWORD,
    REPOSITORY,
    finish,
    paused_jobs,
    post,
    show,
)
from tests.support.pages import Element, read_page

NEW = {"name": "Fix / Stock Labels", "repo_url": REPOSITORY, "branch": "", "modules": "sale, crm"}


def test_a_row_says_what_people_look_for(world, ledger):
    ledger.add("demo", branch="feature/x", created_by="grant:ci-2", protected=True)
    [row] = rows(show(world, "/"))
    for text in ("Running", "demo", "Protected", "feature/x", "a41f09c", "base-19", "grant ci-2"):
        assert text in row.text
    [time] = row.all("time")
    assert time["datetime"].endswith("Z")
    assert time.text == "2 h ago"


def test_the_state_is_a_shape_and_a_word(world, ledger):
    for state in ("running", "stopped", "failed", "lost", "creating", "deleting"):
        ledger.add(state, state=state, url=None)
    shown = {span["data-state"]: span.text for span in states(show(world, "/"))}
    assert shown == {state: state.capitalize() for state in shown}
    assert len(shown) == 6


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        ("running", ["Open", "Stop"]),
        ("stopped", ["Start"]),
        ("failed", ["Delete"]),
        ("lost", ["Rebuild"]),
        ("creating", ["Delete"]),
    ],
)
def test_a_row_offers_what_makes_sense_now(world, ledger, state, actions):
    ledger.add("demo", state=state, url="http://localhost:20001/" if state == "running" else None)
    [row] = rows(show(world, "/"))
    [cell] = row.all("td", class_="actions")
    pressed = [found for found in cell.walk() if found.tag in {"a", "button"}]
    assert [found.own_text[0] for found in pressed] == actions


def test_the_list_is_narrowed_to_a_state_and_a_repository_and_each_says_how_many(world, ledger):
    ledger.add("a")
    ledger.add("b", state="stopped", repo_url="https://git.example.com/acme/shop.git")
    page = show(world, "/?state=stopped&q=b")
    states_line, repositories = page.one("nav", class_="narrow").all("p")
    links = {link.text: link for link in states_line.all("a")}
    assert list(links) == ["All 2", "Running 1", "Stopped 1"]
    assert links["Stopped 1"]["aria-current"] == "true"
    assert links["All 2"]["href"] == "/?q=b"
    assert [link.text for link in repositories.all("a")] == [
        "All repositories",
        "acme/addons",
        "acme/shop",
    ]
    assert "2 of 20 environments" in page.one("nav", class_="narrow").text
    for query, names in (
        ("state=running", ["a"]),
        ("repo=acme/shop", ["b"]),
        ("repo=acme/shop&state=running", []),
        ("q=shop", ["b"]),
    ):
        for path in (f"/?{query}", f"/_/environments?{query}"):
            assert [name(row) for row in rows(show(world, path))] == names, path


def test_environments_of_one_branch_are_told_apart_by_their_repositories(world, ledger):
    ledger.add("a")
    ledger.add("b", repo_url="https://me@git.example.com/acme/shop")
    cells = [row.one("td", class_="repository").text for row in rows(show(world, "/"))]
    assert cells == ["acme/addons", "acme/shop"]


def test_searching_keeps_the_filters(world, ledger):
    ledger.add("demo", state="stopped")
    form = show(world, "/?state=stopped&repo=acme/addons").one("form", role="search")
    assert {"state": "stopped", "repo": "acme/addons"}.items() <= dict(form.entries()).items()
    answer = world.client().get("/_/environments?state=stopped&q=x", headers=BLUE)
    assert answer.headers["HX-Replace-Url"] == "/?q=x&state=stopped"


def test_repositories_that_are_in_use_are_offered_by_the_form(world, ledger):
    ledger.add("demo")
    offered = show(world, "/new/environment").one("datalist", id="d-repo_url").all("option")
    assert [option["value"] for option in offered] == [REPOSITORY]


@pytest.mark.parametrize("words", ["SALE", "feature/sale", "a41f", "base-19 sale", "octocat"])
def test_searching_looks_at_everything_that_a_row_shows(world, ledger, words):
    ledger.add("sale-discounts", branch="feature/sale", created_by="octocat")
    ledger.add("crm", branch="crm", commit="77be210", template="acme")
    for path in (f"/?q={words}", f"/_/environments?q={words}"):
        assert [name(row) for row in rows(show(world, path))] == ["sale-discounts"]


def test_what_was_searched_for_stays_in_the_field_and_the_numbers_count_all(world, ledger):
    ledger.add("sale")
    page = show(world, "/?q=zebra")
    assert page.one("input", name="q")["value"] == "zebra"
    assert "zebra" in page.one("div", class_="empty").text
    assert "1 of 20 environments" in page.one("nav", class_="narrow").text


def test_the_address_of_the_page_follows_a_search(world):
    for path, address in (("?q=a%26b", "/?q=a%26b"), ("", "/")):
        answer = world.client().get(f"/_/environments{path}", headers=BLUE)
        assert answer.headers["HX-Replace-Url"] == address


def test_the_list_asks_often_while_something_is_done_and_seldom_otherwise(world, ledger):
    ledger.add("demo")
    assert asked(show(world, "/?q=de")) == "every 30s, refresh"
    with paused_jobs(world, ledger):
        post(world, "/environments", **NEW)
        page = show(world, "/?q=de")
        assert asked(page) == "every 1s, refresh"
        assert page.one("div", id="environments")["hx-get"] == "/_/environments?q=de"


def test_an_environment_being_created_shows_its_step_and_offers_to_cancel(world, ledger):
    with paused_jobs(world, ledger):
        post(world, "/environments", **NEW)
        [job] = world.job_rows.rows
        [row] = rows(show(world, "/"))
        assert states(row)[0].text == "Creating"
        assert "Step 1 of 11 · reserving the name" in row.text
        assert row.one("progress")["value"] == "1"
        assert row.one("form")["action"] == f"/jobs/{job}/cancel"


def test_an_environment_without_a_row_is_listed_from_its_job(world, ledger):
    with paused_jobs(world, ledger):
        post(world, "/environments", **NEW)
        ledger.environments.clear()
        assert [name(row) for row in rows(show(world, "/"))] == ["fix-stock-labels"]
        assert rows(show(world, "/?q=zebra")) == []
        ledger.add("fix-stock-labels")


def test_a_password_is_never_on_the_list(world, ledger):
    ledger.add("demo")
    assert PASSWORD not in world.client().get("/", headers=BLUE).text


def test_the_form_asks_what_the_operation_takes(world):
    form = show(world, "/new/environment").one("form", class_="panel form")
    fields = [found for tag in ("input", "select") for found in form.all(tag)]
    assert {found["name"] for found in fields} == {
        "name",
        "repo_url",
        "branch",
        "template",
        "odoo_image",
        "modules",
        "extra_repos",
    }
    assert {found["name"] for found in fields if "required" in found.attributes} == {
        "name",
        "repo_url",
    }
    for found in fields:
        assert form.one("p", id=found["aria-describedby"]).text


def test_a_default_repository_of_a_template_makes_the_field_optional(world, ledger):
    defaults = TemplateDefaults(repo_url="https://git.example.com/acme/addons.git")
    ledger.add_template("shop", defaults=defaults)

    form = show(world, "/new/environment").one("form", class_="panel form")

    assert "required" not in form.one("input", name="repo_url").attributes


def test_a_template_is_chosen_from_those_that_are_ready(world, ledger):
    ledger.add_template("half", state="creating")
    select = show(world, "/new/environment?template=base-19").one("select")
    assert [option.text for option in select.all("option")] == ["Default (base-19)", "base-19"]
    assert select.one("option", selected="").text == "base-19"


def test_creating_begins_a_job_and_shows_it(world, ledger):
    answer = post(world, "/environments", **NEW)
    [job] = world.job_rows.rows
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/environments/fix-stock-labels?job={job}"
    world.runner.jobs.wait("1", job, 10)
    made = ledger.environments["fix-stock-labels"]
    assert (made.branch, made.modules) == ("main", ("sale", "crm"))
    assert ("create_environment", "ok") in world.audit.outcomes


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"name": ""}, "name", "This is required."),
        ({"modules": "sale Bad-Name"}, "modules", "“Bad-Name”"),
        ({"branch": "x" * 501}, "branch", "at most 500"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_lost(world, sent, field, said):
    answer = post(world, "/environments", **(NEW | {"odoo_image": "odoo:19.0"} | sent))
    page = read_page(answer.text)
    assert answer.status_code == 422
    assert "Invalid." in page.one("div", role="alert").text
    assert said in page.one("p", id=f"p-{field}").text
    wrong = page.one("input", name=field)
    assert wrong["aria-invalid"] == "true"
    assert f"p-{field}" in wrong["aria-describedby"].split()
    assert [found["name"] for found in page.walk() if "autofocus" in found.attributes] == [field]
    assert page.one("input", name="odoo_image")["value"] == "odoo:19.0"
    assert world.job_rows.rows == {}


def test_a_name_that_makes_no_name_is_said_above_the_form(world):
    answer = post(world, "/environments", **(NEW | {"name": "<div hx-get=/x>***", "branch": "b"}))
    made = post(world, "/environments", **(NEW | {"name": "***", "branch": "b"}))
    page = read_page(made.text)
    assert answer.status_code == 303
    assert made.status_code == 422
    assert "makes no name" in page.one("div", role="alert").text
    assert page.one("input", name="branch")["value"] == "b"


def test_a_name_that_another_call_works_on_is_busy_and_says_who(world, ledger):
    with paused_jobs(world, ledger):
        post(world, "/environments", **NEW)
        answer = post(world, "/environments", **NEW)
    alert = read_page(answer.text).one("div", role="alert")
    assert answer.status_code == 423
    assert "create_environment by basic:admin" in alert.text
    assert "Call again in a minute." in alert.text


@pytest.mark.parametrize(
    ("failure", "status"),
    [(QuotaReached("Full.", "Delete some."), 403), (Internal("A defect.", "Report it."), 500)],
)
def test_an_action_from_the_list_that_is_refused_stays_on_the_list(world, ledger, failure, status):
    ledger.add("demo")
    ledger.failures["stop_environment"] = failure
    answer = post(world, "/environments/demo/stop", back="list")
    page = read_page(answer.text)
    assert answer.status_code == status
    assert failure.message in page.one("div", role="alert").text
    assert [name(row) for row in rows(page)] == ["demo"]


@pytest.mark.parametrize("action", ["start", "stop", "rebuild"])
def test_an_action_from_the_list_goes_back_to_the_list(world, ledger, action):
    ledger.add("demo")
    answer = post(world, f"/environments/demo/{action}", back="list")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_failed_environment_shows_its_reason_in_the_list(world, ledger):
    post(world, "/environments", **(NEW | {"modules": BROKEN}))
    finish(world)
    [row] = rows(show(world, "/"))
    assert states(row)[0].text == "Failed"
    assert row.all("a", href="/environments/fix-stock-labels#why")


def test_an_environment_that_failed_before_it_had_a_row_is_not_listed(world):
    answer = post(world, "/environments", **(NEW | {"repo_url": GONE}))
    finish(world)
    assert rows(show(world, "/")) == []
    page = show(world, answer.headers["Location"])
    assert "The git server does not answer." in page.one("details", class_="why").text
    assert "Check the URL." in page.one("details", class_="why").text


def rows(page: Element) -> list[Element]:
    return [row for body in page.all("tbody") for row in body.all("tr")]


def name(row: Element) -> str:
    return row.one("td", class_="name").all("a")[0].text


def states(page: Element) -> list[Element]:
    return page.all("span", class_="state")


def asked(page: Element) -> str:
    return page.one("div", id="environments")["hx-trigger"]


def test_the_form_of_an_import_opens_with_the_script_that_sends_a_file(world):
    page = show(world, "/new/template/import")

    assert any("/upload.js" in script["src"] for script in page.all("script"))
    assert page.one("input", name="source")["type"] == "text"
