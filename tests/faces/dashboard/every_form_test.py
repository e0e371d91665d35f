"""Every form is accepted as it opens, once its required fields are filled in."""

import pytest
from werkzeug.datastructures import MultiDict

from oduflow.blueprints.dashboard.actions import ACTIONS
from tests.support import store_rows
from tests.support.dashboard_world import BLUE, REPOSITORY, make_dashboard
from tests.support.fakes import World
from tests.support.grant_ledger import grant_view
from tests.support.pages import Element, read_page
from tests.support.snapshot_rows import snapshot_view

TYPED = {
    "name": "new",
    "new_name": "newer",
    "modules": "sale, crm",
    "repo_url": REPOSITORY,
    "environments": "running",
    "branch": "19.0",
    "snapshot": "clean",
    "template": "kept",
    "repository": REPOSITORY,
    "token": "x",
    "message": "Fix it",
}
PAGES = [
    "/",
    "/environments/running",
    "/environments/stopped",
    "/environments/lost",
    "/templates",
    "/extra-repos",
    "/credentials",
    "/access",
    "/new/environment",
    "/new/template",
    "/new/extra-repo",
    "/new/credential",
    "/new/grant",
    "/environments/stopped/delete",
    "/environments/running/copy",
    "/environments/running/install-modules",
    "/environments/running/upgrade-modules",
    "/environments/running/uninstall-modules",
    "/environments/running/create-snapshot",
    "/environments/running/rollback?snapshot=clean",
    "/environments/running/delete-snapshot?snapshot=clean",
    "/environments/running/edits",
    "/environments/running/commit-and-push",
    "/environments/running/save-as-template",
    "/templates/idle/delete",
    "/templates/idle/rename",
    "/templates/idle/update",
    "/extra-repos/idle/delete",
    "/access/ci/revoke",
    "/templates/uploads/shop-zip-abcd/delete",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_form_is_accepted_as_it_opens(path):
    world = stocked()
    opened = read_page(world.client().get(path, headers=BLUE).text)

    for form in opened.all("form", method="post"):
        world = stocked()
        answer = world.client().post(form["action"], data=filled(form), headers=BLUE)

        assert answer.status_code in {200, 303}, (form["action"], read_page(answer.text).text)
        for job in list(world.job_rows.rows):
            world.runner.jobs.wait("1", job, 10)


def test_every_action_has_a_form_on_one_of_the_pages():
    world = stocked()
    pages = [read_page(world.client().get(path, headers=BLUE).text) for path in PAGES]
    sent_to = {form["action"].rpartition("/")[2] for page in pages for form in page.all("form")}

    assert {action.slug for action in ACTIONS if not action.creates} <= sent_to


def filled(form: Element) -> MultiDict[str, str]:
    """Fill in what a browser insists on, and leave everything else as it is."""
    required = [each["name"] for each in form.walk() if "required" in each.attributes]
    sent = [(name, value) for name, value in form.entries() if name not in required]
    typed = [(name, TYPED[name]) for name in required]
    if any(each.get("value") == "running" for each in form.all("input", name="environments")):
        typed.append(("environments", "running"))
    return MultiDict(sent + typed)


def stocked() -> World:
    world, ledger = make_dashboard()
    ledger.add("running")
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
