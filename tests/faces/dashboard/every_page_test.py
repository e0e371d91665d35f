"""What holds for every page and every partial of the dashboard."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from oduflow.blueprints.dashboard.resources import RESOURCES
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Conflict
from oduflow.domain.extra_repo import BranchView, PinView
from oduflow.domain.outcome import ErrorView
from tests.support.dashboard_world import BLUE, BROKEN, GONE, REPOSITORY, TRACEBACK, make_dashboard
from tests.support.fakes import OPEN, RED_PASSWORD, TWO_TEAMS, World, basic, bearer, make_world
from tests.support.grant_ledger import grant_view
from tests.support.pages import Element, read_page
from tests.support.store_rows import audit_row
from tests.support.test_run_ledger import run_view

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
    "/environments/running/diff",
    "/environments/running/diff?job={compared}",
    "/environments/running/edits",
    "/environments/running/tests",
    "/environments/running/run-tests",
    "/environments/running/commit-and-push",
    "/environments/stopped/diff?section=views",
    "/templates/base-19",
    "/templates/base-19/delete",
    "/templates/busy/delete",
    "/new/grant?name=<div+hx-get=/x>",
    "/access/ci/revoke",
    "/credentials/delete?host=github.com&username=me&path=/",
    "/extra-repos/idle/delete",
    "/extra-repos/busy/delete",
    "/jobs",
    "/jobs?active=true",
    "/jobs/{failed}",
    "/jobs/{done}",
    "/audit",
    "/audit?actor=admin&limit=1",
    "/system",
    "/help",
    "/?state=running&repo=acme/addons",
    "/jobs?environment=made",
    *(pages.home for pages in RESOURCES),
    *(f"/new/{pages.noun.replace('_', '-')}" for pages in RESOURCES),
]
PARTIALS = [
    "/_/environments",
    "/_/environments/failed",
    "/_/environments/running/diff?job={compared}",
    "/_/environments/running/log?grep=error",
    *(f"/_{pages.path}" for pages in RESOURCES),
    "/_/jobs",
    "/_/jobs/{failed}",
]
EMPTY = ["/", *(pages.home for pages in RESOURCES), "/jobs", "/new/environment"]


@dataclass(frozen=True)
class Shown:
    """What one path answered to the team's own password."""

    headers: Headers
    page: Element


def test_no_script_or_style_is_inline(shown):
    for path, element in elements(shown):
        assert element.tag != "style", path
        assert "style" not in element.attributes, path
        assert not [name for name in element.attributes if name.startswith("on")], path
        assert not element.get("href") or not element["href"].startswith("javascript:"), path
        if element.tag == "script":
            assert element["src"].startswith("/static/"), path
            assert element.text == "", path


def test_untrusted_text_stays_text(shown):
    for path, element in elements(shown):
        assert element.get("hx-get") != "/x", path
        if "hx-get=/x" in "".join(element.own_text):
            assert element.within("hx-disable"), (path, element.text)


def test_htmx_asks_only_our_own_fragments(shown):
    for path, element in elements(shown):
        asked = element.get("hx-get")
        assert asked is None or asked.startswith("/_/"), path
        posted = element.get("hx-post")
        assert posted is None or posted == element["action"], path


def test_no_id_is_used_twice_on_a_page(shown):
    for path, answer in shown.items():
        ids = Counter(found["id"] for found in answer.page.walk() if "id" in found.attributes)
        assert [name for name, count in ids.items() if count > 1] == [], path


def test_every_form_field_has_a_label(shown):
    for path, answer in shown.items():
        labelled = {label.get("for") for label in answer.page.all("label")}
        for tag in ("input", "select", "textarea"):
            for element in answer.page.all(tag):
                inside = element.parent is not None and element.parent.tag == "label"
                named = inside or element.get("aria-label") or element.get("id") in labelled
                assert named or element.get("type") == "hidden", (path, element.attributes)


def test_every_button_and_link_has_a_name(shown):
    for path, element in elements(shown):
        if element.tag in {"button", "a", "progress"}:
            assert element.text or element.get("aria-label"), (path, element.attributes)


def test_a_link_that_leaves_takes_nothing_along(shown):
    for path, link in elements(shown):
        if link.tag == "a" and not link["href"].startswith(("/", "#")) and link["href"] != "":
            assert link["rel"] == "noopener noreferrer", path
            assert link["target"] == "_blank", path


def test_a_page_has_one_heading_one_main_part_and_a_way_around_the_bar(shown):
    for path in PAGES:
        page = shown[path].page
        assert page.one("h1").text, path
        assert page.one("main")["id"] == "work", path
        assert page.one("a", href="#work").text == "Skip to content", path
        assert page.one("html")["lang"] == "en", path
        assert page.one("title").text.endswith("· Blue · Oduflow"), path
        assert len(page.all("a", aria_current="page")) == 1, path


def test_a_page_has_at_most_one_primary_button(shown):
    for path in PAGES:
        words = [
            found.text
            for found in shown[path].page.walk()
            if "primary" in (found.get("class") or "").split()
        ]
        assert len(words) <= 1, (path, words)


def test_htmx_is_told_to_run_nothing_and_to_ask_no_other_server(shown):
    for path in PAGES:
        [config] = [m for m in shown[path].page.all("meta") if m.get("name") == "htmx-config"]
        switches = ('"allowEval": false', '"allowScriptTags": false', '"selfRequestsOnly": true')
        for switch in (*switches, '"includeIndicatorStyles": false'):
            assert switch in config["content"], path


def test_every_script_image_and_stylesheet_of_a_page_is_served(stocked, shown):
    world, _ = stocked
    served = set()
    for path in PAGES:
        page = shown[path].page
        sources = [found["src"] for tag in ("script", "img") for found in page.all(tag)]
        sources += [link["href"] for link in page.all("link")]
        assert len(sources) >= 5, path
        served |= set(sources)
    for source in served:
        assert world.client().get(source, buffered=True).status_code == 200, source


def test_a_page_is_not_cached_framed_or_given_a_cookie(shown):
    for path, answer in shown.items():
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Content-Security-Policy"].startswith("default-src 'self'; "), path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert "Set-Cookie" not in headers, path


@pytest.mark.parametrize("headers", [{}, basic("wrong"), bearer("blue-token-01234567")])
def test_without_the_password_no_page_is_shown(stocked, headers):
    world, jobs = stocked
    before = len(world.audit.rows)
    for path in PAGES + PARTIALS:
        asked = {**headers, "Accept": "text/html"}
        answer = world.client().get(path.format(**jobs), headers=asked)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic "), path
        assert "Blue" not in answer.text, path
        assert "base-19" not in answer.text, path
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
        links = [link for link in page.all("a") if link["href"].startswith("/new/")]
        buttons = [link for link in links if "button" in (link.get("class") or "").split()]
        assert len({link["href"].partition("?")[0] for link in buttons}) == len(buttons) >= 1


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
    ledger.failures.clear()
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
            path = re.sub(r"<\w+>", "running", rule.rule)
            slugs = re.search(r"<any\((.*)\):action>", path)
            for slug in re.findall(r"[\w-]+", slugs[1]) if slugs else [""]:
                yield re.sub(r"<any.*>", slug, path)


def elements(shown: dict[str, Shown]) -> Iterator[tuple[str, Element]]:
    """Walk every element of every page and fragment."""
    for path, answer in shown.items():
        for element in answer.page.walk():
            yield path, element


@pytest.fixture(scope="module")
def shown(stocked) -> dict[str, Shown]:
    """Render every page and fragment once; map each path to its headers and elements."""
    world, jobs = stocked
    found = {}
    for path in PAGES + PARTIALS:
        answer = world.client().get(path.format(**jobs), headers=BLUE)
        assert answer.status_code == 200, (path, answer.text)
        found[path] = Shown(answer.headers, read_page(answer.text))
    return found


@pytest.fixture(scope="module")
def stocked():
    """A world with one of everything, and hostile text in every place for text."""
    world, ledger = make_dashboard()
    wrong = ErrorView.of(Conflict(HOSTILE, HOSTILE, output=f"{TRACEBACK}\n{HOSTILE}"))
    places = ("branch", "created_by", "template", "repo_url", "odoo_image")
    hostile: dict[str, Any] = dict.fromkeys(places, HOSTILE)
    pin = PinView(name="busy", branch=HOSTILE, commit=HOSTILE)
    ledger.add("running", **hostile, modules=(HOSTILE,), extra_repos=(pin,))
    ledger.test_runs.append(run_view("running", modules=(HOSTILE,), tags=HOSTILE))
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
    jobs["compared"] = wait(world, world.client().post("/environments/running/diff", headers=BLUE))
    return world, jobs


def begin(world: World, **form: str) -> str:
    return wait(world, world.client().post("/environments", data=form, headers=BLUE))


def wait(world: World, answer: TestResponse) -> str:
    job = str(answer.headers["Location"].partition("job=")[2])
    world.runner.jobs.wait("1", job, 10)
    return job
