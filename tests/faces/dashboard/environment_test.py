"""One environment: its facts, its actions, its login, its log, why it failed."""

import pytest

from oduflow.blueprints.dashboard import actions
from oduflow.blueprints.dashboard.actions import Action
from oduflow.domain.addons import CheckoutView, CheckoutWarning
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.errors import Conflict, NotFound, UpstreamFailed
from oduflow.domain.next_call import RETRY, Next, Value
from oduflow.domain.outcome import ErrorView, Status
from tests.support.dashboard_world import (
    BLUE,
    BROKEN,
    GONE,
    PASSWORD,
    REPOSITORY,
    TRACEBACK,
    begin,
    finish,
    paused_jobs,
    post,
    show,
)
from tests.support.pages import Element, read_page
from tests.support.store_rows import holding, job

HTMX = {**BLUE, "HX-Request": "true"}


def test_the_facts_are_there(world, ledger):
    ledger.add("demo", modules=("sale", "crm"), created_by="basic:admin")
    text = show(world, "/environments/demo").one("main").text
    for fact in (
        "http://localhost:20001/",
        "main",
        "a41f09c2b",
        REPOSITORY,
        "base-19",
        "odoo:19.0",
    ):
        assert fact in text
    assert "sale crm" in text
    assert "by admin" in text


@pytest.mark.parametrize(
    ("state", "primary", "others"),
    [
        ("running", "Open", ["Stop", "Restart", "Rebuild", "Protect", "Delete…"]),
        ("stopped", "Start", ["Rebuild", "Protect", "Delete…"]),
        ("failed", "Rebuild", ["Start", "Protect", "Delete…"]),
        ("lost", "Rebuild", ["Protect", "Delete…"]),
        ("deleting", None, ["Protect", "Delete…"]),
    ],
)
def test_what_can_be_done_now_is_offered_the_likeliest_as_primary(
    world, ledger, state, primary, others
):
    ledger.add("demo", state=state, url="http://localhost:20001/" if state == "running" else None)
    page = show(world, "/environments/demo")
    pressed = [found for found in page.walk() if found.tag in {"a", "button"}]
    actions = [found for found in pressed if found.parent and found.within("hx-disable")]
    words = {found.own_text[0]: "primary" in (found.get("class") or "") for found in actions}
    assert [word for word, is_primary in words.items() if is_primary] == [primary] * bool(primary)
    assert set(others) <= set(words)
    assert not {"Start", "Stop", "Restart", "Rebuild"} - {primary, *others} & set(words)


@pytest.mark.parametrize("state", ["failed", "lost", "stopped", "running"])
def test_without_a_container_there_is_no_log_and_nothing_to_start_or_stop(world, ledger, state):
    ledger.add("demo", state=state, url=None, has_container=False)
    page = show(world, "/environments/demo")
    assert page.all("section", id="log") == []
    assert {found["id"] for found in page.all("button") if found.get("id")} == {
        "protect-demo",
        "rebuild-demo",
    }
    assert "get_environment_logs" not in {row.operation for row in world.audit.rows}


@pytest.mark.parametrize("action", ["start", "restart", "rebuild"])
def test_something_slow_begins_a_job_and_shows_it(world, ledger, action):
    ledger.add("demo", state="stopped", url=None)
    answer = post(world, f"/environments/demo/{action}")
    [job] = world.job_rows.rows
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/environments/demo?job={job}"
    world.runner.jobs.wait("1", job, 10)
    page = show(world, answer.headers["Location"])
    assert "demo serves at http://localhost:20001/" in page.one("main").text
    assert (f"{action}_environment", "ok") in world.audit.outcomes


def test_stopping_is_done_at_once(world, ledger):
    ledger.add("demo")
    answer = post(world, "/environments/demo/stop")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/environments/demo")
    assert ledger.environments["demo"].state == "stopped"


def test_protecting_and_allowing_again(world, ledger):
    ledger.add("demo")
    for said in ("true", "false"):
        button = show(world, "/environments/demo").one("input", name="protected")
        assert button["value"] == said
        assert post(world, "/environments/demo/protect", protected=said).status_code == 303
        assert ledger.environments["demo"].protected is (said == "true")


def test_while_work_goes_on_the_page_shows_its_step_and_only_calling_off(world, ledger):
    ledger.add("demo", state="stopped")
    with paused_jobs(world, ledger):
        where = post(world, "/environments/demo/start").headers["Location"]
        [job] = world.job_rows.rows
        for path in (where, "/environments/demo"):
            page = show(world, path)
            part = page.one("div", id="environment")
            assert part["hx-get"] == f"/_/environments/demo?job={job}"
            assert part["hx-trigger"] == "every 1s"
            assert page.one("progress")["max"] == "1"
            assert "Step 1 of 1 · starting Odoo" in page.text
            assert [form["action"] for form in page.all("form")] == [f"/jobs/{job}/cancel"]
            assert page.one("noscript").one("a").text == "Look again"


def test_watching_a_creation_that_has_no_row_is_no_refusal_in_the_audit(world, ledger):
    job = begin(world, "create_environment", name="gone", repo_url=GONE)
    finish(world)

    page = show(world, f"/environments/gone?job={job}")

    assert "Not created" in page.text
    assert "not_found" not in {outcome for _, outcome in world.audit.outcomes}


def test_the_form_of_a_credential_opens_with_the_repository_that_needs_it(world, ledger):
    steps = (
        Next.of("setup_repo_auth", "adds a credential"),
        Next.of("create_environment", RETRY, name="shop", repo_url="https://x.org/a/shop.git"),
    )
    error = ErrorView.of(UpstreamFailed("x.org requires a credential.", "Add one.", *steps))
    ledger.add("shop", state="failed", url=None, error=error)

    links = show(world, "/environments/shop").one("details", class_="why").all("a")
    form = show(world, links[0]["href"])

    assert [link.text for link in links] == ["Add credential", "Edit and retry"]
    assert form.one("input", name="repository")["value"] == "https://x.org/a/shop.git"


def test_the_place_in_the_queue_is_shown(world, ledger):
    ledger.add("demo", state="stopped")
    with paused_jobs(world, ledger):
        where = post(world, "/environments/demo/start").headers["Location"]
        [job] = world.job_rows.rows
        world.job_rows.queue(job, 2, BootKind.SERVE)
        page = show(world, where)
    assert "Waiting for a boot slot · number 2 in the queue" in page.text
    assert page.one("progress").get("value") is None


def test_what_a_warning_of_the_checkout_suggests_is_a_link_to_its_form(world, ledger):
    step = Next.of("add_extra_repo", "adds it", name="web", repo_url="https://x.org/web.git")
    warning = CheckoutWarning.of("oca/web/", "It is a submodule.", "Add it.", step)
    ledger.add("demo", checkout=CheckoutView(modules=(), warnings=(warning,)))

    links = show(world, "/environments/demo").one("details", id="checkout-warnings").all("a")

    assert [(link.text, link["href"]) for link in links] == [
        ("Add extra repo", "/new/extra-repo?name=web&repo_url=https://x.org/web.git")
    ]


def test_when_work_is_done_the_page_asks_no_more(world, ledger):
    ledger.add("demo", state="stopped")
    with paused_jobs(world, ledger):
        where = post(world, "/environments/demo/start").headers["Location"]
    part = show(world, f"/_{where}").one("div", id="environment")
    assert part.get("hx-get") is None
    assert states(part)[0].text == "Running"
    assert part.one("section", id="log").text


def test_a_job_about_another_noun_that_holds_the_environment_leaves_only_its_cancelling(
    world, ledger
):
    ledger.add("demo")
    held = {"noun": "template", "target": "golden", "holds": holding(environment="demo")}
    world.job_rows.add(job(operation="save_as_template", status=Status.RUNNING, **held))
    for path in ("/", "/environments/demo"):
        page = show(world, path).one("main")
        posted = [form["action"] for form in page.all("form", method="post")]
        assert posted == ["/jobs/aaaaaaaaaaaa/cancel"], path
        assert states(page)[0].text == "Saving as a template", path


def test_work_on_something_else_is_not_shown(world, ledger):
    ledger.add("demo")
    ledger.add("other", state="stopped")
    jobs = [
        begin(world, "create_template", name="demo"),
        begin(world, "start_environment", name="other"),
    ]
    finish(world)
    for handle in (*jobs, "a" * 12, "nonsense"):
        page = show(world, f"/environments/demo?job={handle}")
        assert page.all("section", class_="panel good") == [], handle
    assert show(world, f"/environments/other?job={jobs[1]}").all("section", class_="panel good")


def test_why_one_failed_is_told_with_cause_last_lines_and_next_step(world, ledger):
    form = {"name": "demo", "repo_url": REPOSITORY, "modules": BROKEN}
    where = post(world, "/environments", **form).headers["Location"]
    [job] = world.job_rows.rows
    world.runner.jobs.wait("1", job, 10)
    for path, more in ((where, ["Whole output"]), ("/environments/demo", [])):
        page = show(world, path)
        why = page.one("details", class_="why")
        assert "open" in why.attributes
        terms, answers = why.all("dt"), why.all("dd")
        told = {term.text: said.text for term, said in zip(terms, answers, strict=True)}
        assert told["Cause"] == "Not installed: broken (uninstalled). Upstream"
        assert "ImportError" in told["Last lines"]
        assert told["Next"].startswith("Fix the module, push. Edit and retry")
        steps = [link.text for link in page.one("section", class_="panel bad").all("a")]
        assert steps == ["Edit and retry", *more]


@pytest.mark.parametrize("repo_url", [REPOSITORY, "https://acme@dev.azure.com/acme/_git/shop"])
def test_a_creation_that_failed_is_edited_and_tried_again_from_its_pages(world, ledger, repo_url):
    values: dict[str, Value] = {"name": "demo", "repo_url": repo_url, "modules": ["sale", "crm"]}
    retry = Next.of("create_environment", RETRY, **values, extra_repos=["web@19.0", "oca"])
    refused = UpstreamFailed("No branch.", "Choose another.", retry)
    ledger.add_extra_repo("web")
    ledger.failures["create_environment"] = refused
    job = begin(world, "create_environment", **values)
    finish(world)
    ledger.add("kept", state="failed", url=None, error=ErrorView.of(refused))
    for path in (f"/environments/demo?job={job}", f"/jobs/{job}", "/environments/kept"):
        page = show(world, path)
        [link] = page.all("a", class_="button primary")
        assert link.text == "Edit and retry"
        assert page.all("button", class_="primary") == []
        form = show(world, link["href"]).one("form", class_="panel form")
        assert form.one("input", name="name")["value"] == "demo"
        assert form.one("input", name="repo_url")["value"] == repo_url
        assert form.one("input", name="modules")["value"] == "sale crm"
        assert "checked" in form.one("input", value="web@19.0").attributes
        assert form.one("input", id="f-extra_repos")["value"] == "oca"
    assert states(show(world, f"/environments/demo?job={job}"))[0].text == "Not created"


def test_after_a_deletion_the_list_says_that_it_is_gone(world, ledger):
    ledger.add("demo")
    ledger.add("other")
    where = post(world, "/environments/demo/delete").headers["Location"]
    [job] = world.job_rows.rows
    assert where == f"/?job={job}"
    world.runner.jobs.wait("1", job, 10)
    for path in (where, f"/_/environments?job={job}"):
        assert "demo is deleted." in show(world, path).one("section", class_="panel good").text
    page = show(world, f"/environments/demo?job={job}")
    assert states(page)[0].text == "Deleted"
    assert world.client().get("/environments/demo", headers=BLUE).status_code == 404


def test_known_hosting_services_pages_are_linked_and_values_can_be_copied(world, ledger):
    ledger.add("demo", repo_url="https://github.com/acme/shop.git", branch="feature/x")
    facts = show(world, "/environments/demo").one("section", aria_labelledby="facts")
    links = {link.text: link["href"] for link in facts.all("a")}
    commit = ledger.environments["demo"].commit
    assert links["https://github.com/acme/shop.git"] == "https://github.com/acme/shop"
    assert links["feature/x"] == "https://github.com/acme/shop/tree/feature/x"
    assert links[commit] == f"https://github.com/acme/shop/commit/{commit}"
    assert links["Jobs of demo"] == "/jobs?environment=demo"
    copied = [each.text for each in facts.walk() if each.get("data-copy")]
    assert copied == ["http://localhost:20001/", commit, "https://github.com/acme/shop.git"]
    ledger.add("demo")
    facts = show(world, "/environments/demo").one("section", aria_labelledby="facts")
    assert REPOSITORY not in {link.text for link in facts.all("a")}


@pytest.mark.parametrize(
    ("action", "operation"), [("stop", "stop_environment"), ("login", "get_environment_login")]
)
def test_what_is_refused_is_said_above_the_environment(world, ledger, action, operation):
    ledger.add("demo")
    ledger.failures[operation] = Conflict("Not now.", "Later.")
    answer = post(world, f"/environments/demo/{action}")
    alert = read_page(answer.text).one("div", role="alert")
    assert answer.status_code == 409
    assert alert.text == "Conflict. Not now. Later."


@pytest.mark.parametrize("action", ["stop", "start", "restart", "rebuild", "delete"])
def test_what_another_call_works_on_is_busy_and_says_who(world, ledger, action):
    ledger.add("demo")
    with paused_jobs(world, ledger):
        post(world, "/environments/demo/restart")
        answer = post(world, f"/environments/demo/{action}")
    assert answer.status_code == 423
    assert "restart_environment by basic:admin" in read_page(answer.text).text


@pytest.mark.parametrize("action", ["stop", "start", "delete", "login", "protect"])
def test_nothing_can_be_done_to_one_that_is_not_there(world, action):
    answer = post(world, f"/environments/nowhere/{action}")

    assert answer.status_code == 404
    assert world.job_rows.rows == {}, "it takes no job to find out"


def test_the_login_is_shown_on_request_only(world, ledger):
    ledger.add("demo")
    assert PASSWORD not in world.client().get("/environments/demo", headers=BLUE).text
    for action in ("login", "start"):
        answer = world.client().get(f"/environments/demo/{action}", headers=BLUE)
        assert answer.status_code == 405
    answer = post(world, "/environments/demo/login")
    assert answer.status_code == 200
    assert PASSWORD in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("get_environment_login", "ok") in world.audit.outcomes


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("running", True),
        ("stopped", True),
        ("failed", False),
        ("lost", False),
        ("creating", False),
        ("deleting", False),
    ],
)
def test_the_login_is_offered_where_there_is_an_odoo(world, ledger, state, offered):
    ledger.add("demo", state=state, url=None)

    assert bool(show(world, "/environments/demo").all("section", id="login")) is offered


def test_htmx_gets_the_login_alone(world, ledger):
    ledger.add("demo")
    part = read_page(world.client().post("/environments/demo/login", headers=HTMX).text)
    assert [found["id"] for found in part.children] == ["login"]
    assert PASSWORD in part.text
    ledger.failures["get_environment_login"] = Conflict("It has none.", "Wait.")
    part = read_page(world.client().post("/environments/demo/login", headers=HTMX).text)
    assert part.one("div", role="alert").text == "Conflict. It has none. Wait."
    assert [each.text for each in part.all("button")] == ["Show login", "Make a session"]


def test_the_log_is_filtered_by_lines_text_and_level(world, ledger):
    ledger.add("demo")
    for path in ("/environments/demo", "/_/environments/demo/log"):
        for query, count in (("", 9), ("?lines=2", 2), ("?grep=WERKZEUG", 1), ("?level=error", 4)):
            page = show(world, path + query)
            assert len(log_lines(page)) == count, query
    page = show(world, "/environments/demo?lines=5&grep=odoo&level=info")
    form = page.one("form", class_="filter")
    assert form.one("input", name="lines")["value"] == "5"
    assert form.one("input", name="grep")["value"] == "odoo"
    assert form.one("option", selected="").text == "info"


def test_loud_lines_of_the_log_stand_out(world, ledger):
    ledger.add("demo")
    loud = [span.get("data-loud") for span in log_lines(show(world, "/environments/demo"))]
    assert loud.count("error") == 1
    assert loud.count("warning") == 1


def test_a_log_that_cannot_be_read_leaves_the_rest_of_the_page(world, ledger):
    ledger.add("demo")
    for wrong in ("?lines=0", "?level=loud"):
        page = show(world, f"/environments/demo{wrong}")
        assert "Invalid." in page.one("section", id="log").one("div", role="alert").text
    ledger.failures["get_environment_logs"] = UpstreamFailed("Docker is silent.")
    page = show(world, "/environments/demo")
    assert "Docker is silent." in page.one("section", id="log").text
    assert page.one("h1").text == "demo"


def test_without_a_container_there_is_no_log_to_ask_for(world, ledger):
    for state in ("lost", "creating", "deleting"):
        ledger.add("demo", state=state, url=None)
        assert show(world, "/environments/demo").all("section", id="log") == []
    assert "get_environment_logs" not in {row.operation for row in world.audit.rows}


def test_before_deleting_what_is_lost_is_said(world, ledger):
    ledger.add("demo", branch="feature/x", template="acme")
    page = show(world, "/environments/demo/delete")
    assert page.one("h1").text == "Delete demo?"
    losses = [item.text for item in page.one("ul", class_="losses").all("li")]
    assert "the database, with everything entered since it was cloned from acme" in losses
    assert any("filestore" in loss for loss in losses)
    assert "its snapshots" in losses
    assert any("feature/x at a41f09c" in loss for loss in losses)
    assert page.one("form", method="post").one("button").text == "Delete demo"
    assert ledger.environments


def test_a_protected_environment_offers_no_deletion(world, ledger):
    ledger.add("demo", protected=True)
    page = show(world, "/environments/demo/delete")
    assert "demo is protected." in page.text
    assert [button.text for button in page.one("main").all("button")] == ["Unprotect"]
    where = post(world, "/environments/demo/delete").headers["Location"]
    finish(world)
    assert "demo is protected." in show(world, where).one("details", class_="why").text
    assert "demo" in ledger.environments


def test_an_action_with_arguments_asks_for_them_on_a_page(world, ledger, monkeypatch):
    ledger.add("demo")
    asking = Action("environment", "rebuild_environment", "Rebuild", "Rebuilding", asks=True)
    monkeypatch.setattr(actions, "ACTIONS", (asking,))
    link = show(world, "/environments/demo").one("a", id="rebuild-demo")
    form = show(world, link["href"]).one("form", method="post")
    assert form.one("input", name="update_extra_repos")["type"] == "checkbox"
    begun = post(world, link["href"], update_extra_repos="true", name="other")
    finish(world)
    assert begun.headers["Location"].startswith("/environments/demo?job=")
    [row] = [row for row in world.audit.rows if row.operation == "rebuild_environment"]
    assert row.fields == {
        "name": "demo",
        "update_extra_repos": True,
        "without_snapshot": False,
    }


def test_when_work_fails_for_another_reason_both_reasons_are_told(world, ledger):
    wrong = ErrorView.of(NotFound("It is lost.", "Rebuild.", output=TRACEBACK))
    ledger.add("demo", state="lost", url=None, error=wrong)
    ledger.failures["rebuild_environment"] = UpstreamFailed("No image.", "Pull it.")
    where = post(world, "/environments/demo/rebuild").headers["Location"]
    finish(world)
    told = [why.text for why in show(world, where).all("details", class_="why")]
    assert len(told) == 2
    assert "No image." in told[0]
    assert "It is lost." in told[1]


def states(page: Element) -> list[Element]:
    return page.all("span", class_="state")


def log_lines(page: Element) -> list[Element]:
    return page.one("section", id="log").one("pre").all("span")
