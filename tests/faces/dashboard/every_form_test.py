"""Every form is accepted as it opens, once its required fields are filled in."""

from urllib.parse import urldefrag, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.dashboard.actions import ACTIONS
from oduflow.blueprints.dashboard.resources import RESOURCES
from oduflow.domain.addons import CheckoutView
from oduflow.kernel.registry import Registry
from tests.support import store_rows
from tests.support.dashboard_world import BLUE, REPOSITORY, make_dashboard
from tests.support.fakes import World
from tests.support.grant_ledger import grant_view
from tests.support.pages import Element, read_page
from tests.support.samples import required_arguments
from tests.support.snapshot_rows import snapshot_view

TYPED = {  # what the world below has, or takes; else the example of the argument
    "name": "new",
    "modules": "sale, crm",
    "repo_url": REPOSITORY,
    "environments": "running",
    "branch": "19.0",
    "snapshot": "clean",
    "repository": REPOSITORY,
    "token": "x",
    "path": "/web",
}


def test_a_form_is_accepted_as_it_opens(forms):
    for form in forms.values():
        world = stocked()
        answer = world.client().post(form["action"], data=filled(form), headers=BLUE)

        assert answer.status_code in {200, 303}, (form["action"], read_page(answer.text).text)
        for job in list(world.job_rows.rows):
            world.runner.jobs.wait("1", job, 10)


def test_every_action_has_a_form_on_a_page_that_links_lead_to(forms):
    sent_to = {urlsplit(form["action"]).path for form in forms.values()}

    slugs = {action.slug for action in ACTIONS if not action.creates}
    assert slugs <= {path.rpartition("/")[2] for path in sent_to}
    assert {pages.path for pages in RESOURCES} <= sent_to


def examples() -> dict[str, str]:
    """Return what is typed into each field that a form requires, by the argument's name."""
    changing = [each for each in Registry.discover("oduflow.operations") if each.effect != "read"]
    samples = [required_arguments(each.arguments).items() for each in changing]
    return {name: str(value) for each in samples for name, value in each} | TYPED


EXAMPLES = examples()


def filled(form: Element) -> MultiDict[str, str]:
    """Fill in what a browser insists on, and leave everything else as it is."""
    required = [each["name"] for each in form.walk() if "required" in each.attributes]
    sent = [(name, value) for name, value in form.entries() if name not in required]
    typed = [(name, EXAMPLES[name]) for name in required]
    if any(each.get("value") == "running" for each in form.all("input", name="environments")):
        typed.append(("environments", "running"))
    return MultiDict(sent + typed)


def stocked() -> World:
    world, ledger = make_dashboard()
    ledger.add("running", checkout=CheckoutView(modules=()))
    ledger.add("stopped", state="stopped", url=None)
    ledger.add("guarded", state="stopped", url=None, protected=True)
    ledger.add("lost", state="lost", url=None)
    ledger.add_template("idle")
    ledger.add_extra_repo("idle")
    ledger.snapshots = [snapshot_view("clean", environment="running")]
    ledger.work.uploads.rows["shop-zip-abcd"] = store_rows.upload()
    ledger.credentials.add()
    ledger.grants["ci"] = grant_view("ci")
    return world


@pytest.fixture(scope="module")
def forms() -> dict[tuple[str, ...], Element]:
    """Return every form that posts, on the pages that links from the first page lead to."""
    client = stocked().client()
    found: dict[tuple[str, ...], Element] = {}
    seen, to_read = {"/"}, ["/"]
    while to_read:
        answer = client.get(to_read.pop(), headers=BLUE)
        if answer.mimetype != "text/html":
            continue
        page = read_page(answer.text)
        for form in page.all("form", method="post"):
            found[form["action"], str(form.entries())] = form
        links = {urldefrag(link["href"]).url for link in page.all("a")}
        fresh = {link for link in links if link.startswith("/")} - seen
        seen |= fresh
        to_read += sorted(fresh)
    return found
