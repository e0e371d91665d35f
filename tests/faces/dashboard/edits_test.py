"""The page of an environment's edits."""

from oduflow.domain.errors import Conflict
from tests.support.dashboard_world import BLUE, show
from tests.support.edit_ledger import HOSTILE

PAGE = "/environments/demo/edits"


def test_the_environments_page_leads_to_its_edits(world, ledger):
    ledger.add("demo")

    link = show(world, "/environments/demo").one("a", href=PAGE)

    assert link.text.startswith("Edits")


def test_edited_files_and_their_lines_are_shown(world, ledger):
    ledger.add("demo")

    page = show(world, PAGE)

    panel = page.one("section", class_="panel changes")
    words = [each.text for each in panel.all("span", class_="change")]
    assert words == ["Changed", "Added", "Deleted"]
    assert HOSTILE in panel.text
    lines = [line.get("data-line") for line in panel.one("pre").all("span")]
    assert lines == ["-", "+", None, "-", "+"]


def test_edits_are_discarded_and_brought_back(world, ledger):
    ledger.add("demo")

    def send(**form):
        return world.client().post("/environments/demo/discard-edits", data=form, headers=BLUE)

    assert send().headers["Location"] == PAGE
    assert "None. Agents edit files" in show(world, PAGE).text
    assert send(undo="true").headers["Location"] == PAGE
    assert "order.py" in show(world, PAGE).text


def test_what_cannot_be_brought_back_is_told(world, ledger):
    ledger.add("demo")
    ledger.failures["discard_edits"] = Conflict("No discarded edits are kept.")

    answer = world.client().post(
        "/environments/demo/discard-edits", data={"undo": "true"}, headers=BLUE
    )

    assert answer.status_code == 409
    assert "No discarded edits are kept." in answer.text


def test_a_push_asks_for_the_message_and_begins_a_job(world, ledger):
    ledger.add("demo")
    page = show(world, "/environments/demo/commit-and-push")
    assert page.one("input", name="message").get("required") is not None

    answer = world.client().post(
        "/environments/demo/commit-and-push", data={"message": "Fix it"}, headers=BLUE
    )

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/environments/demo?job=")
