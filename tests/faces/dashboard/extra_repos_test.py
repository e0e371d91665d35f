"""The extra repos: the list, adding one, updating it, deleting it, and choosing them."""

from oduflow.domain.errors import Busy
from oduflow.domain.extra_repo import BranchView
from tests.support.dashboard_world import BLUE, REPOSITORY, finish, paused_jobs, post, show
from tests.support.pages import Element, read_page

BRANCHES = (
    BranchView(branch="18.0", commit="a" * 40),
    BranchView(branch="19.0", commit="b" * 40),
)
NEW = {"name": "demo", "repo_url": REPOSITORY}


def test_a_row_says_which_commits_there_are_and_who_uses_it(world, ledger):
    ledger.add_extra_repo("enterprise", branches=BRANCHES, environments=("a", "b", "c", "d"))
    [row] = rows(show(world, "/extra-repos"))
    for text in ("Ready", "enterprise", REPOSITORY, "18.0 aaaaaaaa", "19.0 bbbbbbbb", "and 1 more"):
        assert text in row.text
    assert row.all("a", href="/environments/a")


def test_adding_begins_a_job_and_shows_it_above_the_list(world, ledger):
    with paused_jobs(world, ledger):
        answer = post(world, "/extra-repos", name="OCA Web", repo_url=REPOSITORY)
        [job] = world.job_rows.rows
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/extra-repos?job={job}"
        part = show(world, answer.headers["Location"]).one("div", id="extra-repos")
        assert (part["hx-get"], part["hx-trigger"]) == (f"/_/extra-repos?job={job}", "every 1s")
        assert "fetching the branch" in part.one("section").text
        assert "Adding" in rows(part)[0].text
    part = show(world, f"/_/extra-repos?job={job}").one("div", id="extra-repos")
    assert part.get("hx-get") is None
    assert "Extra repo oca-web is at" in part.one("section").text


def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_lost(world):
    answer = post(world, "/extra-repos", name="", repo_url=REPOSITORY)
    page = read_page(answer.text)
    assert answer.status_code == 422
    assert page.one("p", id="p-name").text == "This is required."
    assert page.one("input", name="repo_url")["value"] == REPOSITORY


def test_updating_begins_a_job(world, ledger):
    ledger.add_extra_repo("web")
    where = post(world, "/extra-repos/web/update").headers["Location"]
    finish(world)
    assert "1 of 1 branches have new commits." in show(world, where).text
    assert ("update_extra_repo", "ok") in world.audit.outcomes


def test_updating_a_busy_extra_repo_is_refused_with_the_list(world, ledger):
    ledger.add_extra_repo("web")
    with paused_jobs(world, ledger):
        post(world, "/extra-repos/web/update")
        answer = post(world, "/extra-repos/web/update")
    page = read_page(answer.text)
    assert answer.status_code == 423
    assert "by basic:admin" in page.one("div", role="alert").text
    assert len(rows(page)) == 1


def test_a_failed_update_says_why(world, ledger):
    ledger.add_extra_repo("web")
    ledger.failures["update_extra_repo"] = Busy("The host rests.", "Call tomorrow.")
    where = post(world, "/extra-repos/web/update").headers["Location"]
    finish(world)
    why = show(world, where).one("details", class_="why").text
    assert "The host rests." in why
    assert "Call tomorrow." in why


def test_an_extra_repo_in_use_offers_no_deletion_and_names_its_environments(world, ledger):
    ledger.add_extra_repo("web", environments=("demo",))
    page = show(world, "/extra-repos/web/delete")
    assert "web is in use." in page.text
    assert page.one("ul").one("a")["href"] == "/environments/demo"
    assert page.all("form") == []


def test_deleting_one_in_use_is_refused_with_the_reason(world, ledger):
    ledger.add_extra_repo("web", environments=("demo",))
    where = post(world, "/extra-repos/web/delete").headers["Location"]
    finish(world)
    assert "web is in use by demo." in show(world, where).one("details", class_="why").text
    assert "web" in ledger.extra_repos


def test_deleting_an_extra_repo_asks_for_confirmation(world, ledger):
    ledger.add_extra_repo("web")
    assert show(world, "/extra-repos/web/delete").one("form")["method"] == "post"
    where = post(world, "/extra-repos/web/delete").headers["Location"]
    finish(world)
    assert "Extra repo web is deleted." in show(world, where).text
    assert ledger.extra_repos == {}


def test_a_new_environment_chooses_from_what_was_fetched(world, ledger):
    ledger.add_extra_repo("enterprise", branches=BRANCHES)
    ledger.add_extra_repo("half", state="creating")
    form = show(world, "/new/environment").one("form", class_="panel form")
    assert [box["value"] for box in boxes(form)] == ["enterprise@18.0", "enterprise@19.0"]
    assert not [box for box in boxes(form) if "checked" in box.attributes]


def test_ticked_ones_and_typed_ones_are_both_given(world, ledger):
    ledger.add_extra_repo("enterprise", branches=BRANCHES)
    ledger.add_extra_repo("web")
    sent = {**NEW, "extra_repos": ["enterprise@19.0", "web@19.0", "oca@main other"]}
    world.client().post("/environments", data=sent, headers=BLUE)
    finish(world)
    given = [(pin.name, pin.branch) for pin in ledger.environments["demo"].extra_repos]
    assert given == [
        ("enterprise", "19.0"),
        ("web", "19.0"),
        ("oca", "main"),
        ("other", "19.0"),
    ]
    facts = show(world, "/environments/demo").text
    assert "Extra repos" in facts
    assert "enterprise@19.0" in facts


def test_nothing_ticked_is_none(world, ledger):
    ledger.add_extra_repo("enterprise", branches=BRANCHES)
    post(world, "/environments", **NEW, extra_repos="")
    finish(world)
    assert ledger.environments["demo"].extra_repos == ()


def test_a_refused_form_keeps_what_was_ticked_and_what_was_typed(world, ledger):
    ledger.add_extra_repo("enterprise", branches=BRANCHES)
    sent = {**NEW, "name": "", "extra_repos": ["enterprise@18.0", "oca@main"]}
    answer = world.client().post("/environments", data=sent, headers=BLUE)
    form = read_page(answer.text).one("form", class_="panel form")
    assert answer.status_code == 422
    ticked = [box["value"] for box in boxes(form) if "checked" in box.attributes]
    assert ticked == ["enterprise@18.0"]
    assert form.one("input", id="f-extra_repos")["value"] == "oca@main"


def rows(page: Element) -> list[Element]:
    return page.one("tbody").all("tr")


def boxes(form: Element) -> list[Element]:
    return form.all("input", type="checkbox", name="extra_repos")
