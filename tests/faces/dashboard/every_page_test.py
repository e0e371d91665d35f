"""What holds for every page and every partial of the dashboard."""

import re
from collections import Counter
from typing import Any

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import BranchView, PinView
from oduflow.domain.outcome import ErrorView
from tests.support.dashboard_world import BLUE, BROKEN, GONE, REPOSITORY, TRACEBACK, make_dashboard
from tests.support.fakes import OPEN, RED_PASSWORD, TWO_TEAMS, World, basic, bearer, make_world
from tests.support.grant_ledger import grant_view
from tests.support.pages import Element, read_page
from tests.support.store_rows import audit_row

HOSTILE = "<div hx-get=/x hx-trigger=load onclick=alert(1)>\"'</div>"
PAGES = [
    "/",
    "/?q=zebra",
    "/?q=<div+hx-get=/x>",
    "/new/environment",
    "/new/environment?name=<script>",
    "/environments/running",
    "/environments/failed",
    "/environments/lost",
    "/environments/stopped",
    "/environments/stopped/delete",
    "/environments/running/delete",
    "/templates",
    "/new/template",
    "/templates/base-19/delete",
    "/templates/busy/delete",
    "/access",
    "/new/grant",
    "/new/grant?name=<div+hx-get=/x>",
    "/access/ci/revoke",
    "/credentials",
    "/new/credential",
    "/credentials/delete?host=github.com&username=me&path=/",
    "/extra-repos",
    "/new/extra-repo",
    "/extra-repos/idle/delete",
    "/extra-repos/busy/delete",
    "/jobs",
    "/jobs?active=true",
    "/jobs/{failed}",
    "/jobs/{done}",
    "/audit",
    "/audit?actor=admin&limit=1",
    "/system",
]
PARTIALS = [
    "/_/environments",
    "/_/environments/failed",
    "/_/environments/running/log?grep=error",
    "/_/templates",
    "/_/extra-repos",
    "/_/jobs",
    "/_/jobs/{failed}",
]
EMPTY = ["/", "/templates", "/extra-repos", "/credentials", "/access", "/jobs", "/new/environment"]

every_page = pytest.mark.parametrize("path", PAGES)
every_path = pytest.mark.parametrize("path", PAGES + PARTIALS)


@every_path
def test_nothing_is_inline(stocked, path):
    for element in show(stocked, path).walk():
        assert element.tag != "style"
        assert "style" not in element.attributes
        assert not [name for name in element.attributes if name.startswith("on")]
        assert not element.get("href") or not element["href"].startswith("javascript:")
        if element.tag == "script":
            assert element["src"].startswith("/static/")
            assert element.text == ""


@every_path
def test_what_somebody_else_wrote_stays_text(stocked, path):
    page = show(stocked, path)
    assert not [found for found in page.walk() if found.get("hx-get") == "/x"]
    for found in page.walk():
        if "hx-get=/x" in "".join(found.own_text):
            assert found.within("hx-disable"), found.text


@every_path
def test_htmx_asks_only_our_own_fragments(stocked, path):
    for element in show(stocked, path).walk():
        asked = element.get("hx-get")
        assert asked is None or asked.startswith("/_/")
        posted = element.get("hx-post")
        assert posted is None or posted == element["action"]


@every_path
def test_no_id_stands_for_two_things(stocked, path):
    ids = Counter(found["id"] for found in show(stocked, path).walk() if "id" in found.attributes)
    assert [name for name, count in ids.items() if count > 1] == []


@every_path
def test_everything_to_fill_in_has_a_label(stocked, path):
    page = show(stocked, path)
    labelled = {label.get("for") for label in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for element in page.all(tag):
            inside = element.parent is not None and element.parent.tag == "label"
            named = inside or element.get("aria-label") or element.get("id") in labelled
            assert named or element.get("type") == "hidden", element.attributes


@every_path
def test_everything_to_press_has_a_name(stocked, path):
    page = show(stocked, path)
    for element in [*page.all("button"), *page.all("a"), *page.all("progress")]:
        assert element.text or element.get("aria-label"), element.attributes


@every_path
def test_a_link_that_leaves_takes_nothing_along(stocked, path):
    for link in show(stocked, path).all("a"):
        if not link["href"].startswith(("/", "#")) and link["href"] != "":
            assert link["rel"] == "noopener noreferrer"
            assert link["target"] == "_blank"


@every_page
def test_a_page_has_one_heading_one_main_part_and_a_way_around_the_bar(stocked, path):
    page = show(stocked, path)
    assert page.one("h1").text
    assert page.one("main")["id"] == "work"
    assert page.one("a", href="#work").text == "Skip to content"
    assert page.one("html")["lang"] == "en"
    assert page.one("title").text.endswith("· Blue · Oduflow")
    assert len(page.all("a", aria_current="page")) == 1


@every_page
def test_a_page_has_at_most_one_primary_button(stocked, path):
    words = [
        found.text
        for found in show(stocked, path).walk()
        if "primary" in (found.get("class") or "").split()
    ]
    assert len(words) <= 1, words


@every_page
def test_htmx_is_told_to_run_nothing_and_to_ask_nobody_else(stocked, path):
    [config] = [
        meta for meta in show(stocked, path).all("meta") if meta.get("name") == "htmx-config"
    ]
    for switch in ('"allowEval": false', '"allowScriptTags": false', '"selfRequestsOnly": true'):
        assert switch in config["content"]
    assert '"includeIndicatorStyles": false' in config["content"]


@every_page
def test_what_a_page_loads_is_there(stocked, path):
    world = stocked[0]
    page = show(stocked, path)
    sources = [found["src"] for tag in ("script", "img") for found in page.all(tag)]
    sources += [link["href"] for link in page.all("link")]
    assert len(sources) > 5
    for source in sources:
        assert world.client().get(source, buffered=True).status_code == 200, source


@every_path
def test_it_is_kept_nowhere_and_framed_by_nobody(stocked, path):
    answer = fetch(stocked, path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


@every_path
@pytest.mark.parametrize("headers", [{}, basic("wrong"), bearer("blue-token-01234567")])
def test_without_the_password_nobody_sees_it(stocked, path, headers):
    world, jobs = stocked
    before = len(world.audit.rows)
    answer = world.client().get(path.format(**jobs), headers={**headers, "Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert "Blue" not in answer.text
    assert "base-19" not in answer.text
    assert len(world.audit.rows) == before


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_page_teaches_the_first_step(path):
    world, ledger = make_dashboard()
    ledger.templates.clear()
    page = read_page(world.client().get(path, headers=BLUE).text)
    if path == "/new/environment":
        assert page.one("a", href="/new/template?name=base-19").text
    else:
        assert page.one("pre", class_="command").text.startswith("oduflow call ")
        assert [link for link in page.all("a") if link["href"].startswith("/new/")]


def test_nothing_unsafe_is_done_for_a_page_of_another_site():
    world, ledger = make_dashboard(OPEN)
    ledger.add("running")
    unsafe = list(unsafe_paths(world))
    assert len(unsafe) >= 9
    for site in ("cross-site", "same-site"):
        for path in unsafe:
            answer = world.client().post(path, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403, path
    for origin in ("null", "http://evil.example"):
        for path in unsafe:
            assert world.client().post(path, headers={"Origin": origin}).status_code == 403, path
    assert world.audit.rows == []


def test_reading_changes_nothing():
    for rule in make_world().app.url_map.iter_rules():
        if rule.endpoint.startswith("dashboard."):
            assert rule.methods in ({"GET", "HEAD", "OPTIONS"}, {"POST", "OPTIONS"}), rule


def test_another_teams_things_are_not_there():
    world, ledger = make_dashboard(TWO_TEAMS)
    ledger.stumbles.clear()
    world.client().post("/templates", data={"name": "x"}, headers=BLUE)
    [job] = world.job_rows.rows
    answer = world.client().get(f"/jobs/{job}", headers=basic(RED_PASSWORD))
    assert answer.status_code == 404


def test_every_call_is_remembered_as_the_dashboards():
    world, _ = make_dashboard()
    world.client().get("/", headers=BLUE)
    assert {row.face for row in world.audit.rows} == {"dashboard"}
    assert {row.address for row in world.audit.rows} == {"127.0.0.1"}


def test_what_is_not_there_is_a_page_that_says_so():
    world, _ = make_dashboard()
    for path in (
        "/nowhere",
        "/environments/nowhere",
        "/templates/nowhere/delete",
        "/jobs/x",
        "/extra-repos/no/delete",
    ):
        answer = world.client().get(path, headers={**BLUE, "Accept": "text/html"})
        assert answer.status_code in {404, 422}
        page = read_page(answer.text)
        assert page.one("h1").text
        assert page.all("link", rel="stylesheet")


def unsafe_paths(world: World):
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint.startswith("dashboard.") and "POST" in (rule.methods or ()):
            path = re.sub(r"<any\((\w+).*?\):action>", r"\1", rule.rule)
            yield re.sub(r"<\w+>", "running", path)


def fetch(stocked, path: str):
    world, jobs = stocked
    answer = world.client().get(path.format(**jobs), headers=BLUE)
    assert answer.status_code == 200, answer.text
    return answer


def show(stocked, path: str) -> Element:
    return read_page(fetch(stocked, path).text)


@pytest.fixture(scope="module")
def stocked():
    """A world with one of everything, and hostile text in every place for text."""
    world, ledger = make_dashboard()
    wrong = ErrorView.of(Conflict(HOSTILE, HOSTILE, output=f"{TRACEBACK}\n{HOSTILE}"))
    places = ("branch", "created_by", "template", "repo_url", "odoo_image")
    hostile: dict[str, Any] = dict.fromkeys(places, HOSTILE)
    pin = PinView(name="busy", branch=HOSTILE, commit=HOSTILE)
    ledger.add("running", **hostile, modules=(HOSTILE,), extra_repos=(pin,))
    ledger.add("stopped", state="stopped", url=None, protected=True)
    ledger.add("failed", state="failed", url=None, error=wrong)
    ledger.add("lost", state="lost", url=None, error=wrong)
    ledger.add_template("busy", environments=("running",), modules=(HOSTILE,), odoo_image=HOSTILE)
    ledger.credentials.add()
    ledger.credentials.add(
        host=HOSTILE, username=HOSTILE, detail=HOSTILE, login=HOSTILE, scopes=(HOSTILE,)
    )
    ledger.grants["ci"] = grant_view("ci", created_by=HOSTILE)
    ledger.grants["child"] = grant_view("child", parent="ci", environments=None, rest=True)
    ledger.audit += [
        audit_row(),
        audit_row(actor=Actor("1", ActorKind.BASIC, "admin"), fields={"name": "a"}, count=3),
        audit_row(
            actor=Actor("1", ActorKind.OAUTH, HOSTILE, subject_id=HOSTILE),
            **dict.fromkeys(("address", "operation", "face", "outcome"), HOSTILE),
            fields={HOSTILE: [HOSTILE], "b": HOSTILE},
        ),
    ]
    ledger.add_extra_repo("idle", branches=(BranchView(branch=HOSTILE, commit=HOSTILE),))
    ledger.add_extra_repo("busy", environments=("running",), repo_url=HOSTILE, created_by=HOSTILE)
    ledger.logs["running"] = f"2026-11-23 09:14:03,502 1 ERROR db odoo: {HOSTILE}"
    jobs = {
        "failed": begin(world, name="gone", repo_url=GONE),
        "done": begin(world, name="made", repo_url=REPOSITORY, modules="sale"),
        "broken": begin(world, name="broken", repo_url=REPOSITORY, modules=BROKEN),
    }
    return world, jobs


def begin(world: World, **form: str) -> str:
    answer = world.client().post("/environments", data=form, headers=BLUE)
    job = str(answer.headers["Location"].partition("job=")[2])
    world.runner.jobs.wait("1", job, 10)
    return job
