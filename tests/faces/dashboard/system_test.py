"""The server's own page."""

from oduflow import __version__
from oduflow.domain.status import HealthFinding
from tests.support.dashboard_world import make_dashboard, show
from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, OPEN
from tests.support.pages import Element, read_page


def test_every_part_says_how_it_is_and_what_to_do(world):
    world.probe.parts = (
        HealthFinding("docker", ok=True, message="Docker answers."),
        HealthFinding("disk", ok=False, message="The disk is full.", hint="Free some."),
    )
    parts = facts(show(world, "/system"))
    assert parts["Docker"] == "Ready Docker answers."
    assert parts["Disk"] == "Not ready The disk is full.Free some."


def test_the_system_page_says_why_the_teams_database_cannot_be_used():
    world, ledger = make_dashboard()
    assert "PostgreSQL of this team" not in facts(show(world, "/system"))

    ledger.database = "PostgreSQL's container is paused. Run `docker unpause oduflow-db-1`."

    told = facts(show(world, "/system"))["PostgreSQL of this team"]
    assert told == f"Not ready {ledger.database}"


def test_the_system_page_says_how_environments_of_this_team_are_cloned_and_why(world):
    assert facts(show(world, "/system"))["New environments"] == "copy: for a test."


def test_looking_often_is_not_asking_often(world):
    for _ in range(5):
        show(world, "/system")
    assert world.probe.looks == 1


def test_the_system_page_shows_the_actor_and_its_permissions(world):
    told = facts(show(world, "/system"))
    assert told["Team"] == "Blue id 1"
    assert told["Signed in"] == "admin with the team\N{RIGHT SINGLE QUOTATION MARK}s ui_password"
    assert "odoo:19.0 on this server" in told["Odoo images"]
    assert "{version}" not in told["Odoo images"]
    assert told["Permissions"] == "read, write, destroy, admin"


def test_the_system_page_says_when_no_password_was_needed():
    world, _ = make_dashboard(OPEN)
    page = read_page(world.client().get("/system").text)
    assert "ui_password is empty" in facts(page)["Signed in"]


def test_the_system_page_shows_versions_and_faces_and_no_secret(world):
    page = show(world, "/system")
    told = facts(page)
    assert told["Oduflow"] == __version__
    assert told["Agents (MCP)"].startswith("http://localhost:8000/mcp")
    assert BLUE_TOKEN not in page.text
    assert BLUE_PASSWORD not in page.text


def test_an_agent_is_connected_with_a_block_to_copy_that_has_no_token(world):
    page = show(world, "/system")
    blocks = {each.one("summary").text: each.one("pre").text for each in page.all("details")}
    assert list(blocks) == ["Claude Code", "Cursor", "VS Code", "Codex", "Other clients"]
    for name, text in blocks.items():
        assert "http://localhost:8000/mcp" in text, name
        assert BLUE_TOKEN not in text
    assert "--bearer-token-env-var ODUFLOW_TOKEN" in blocks["Codex"]


def test_the_images_in_use_are_counted(world, ledger):
    ledger.add("demo")
    ledger.add("old", odoo_image="odoo:17.0", state="stopped")
    told = facts(show(world, "/system"))
    assert (
        told["In use"]
        == "odoo:17.0 in 1 template or environment, odoo:19.0 in 2 templates and environments"
    )
    assert told["Now"].startswith("1 running with up to 2048 MiB")


def facts(page: Element) -> dict[str, str]:
    return {
        term.text: found.text for term, found in zip(page.all("dt"), page.all("dd"), strict=True)
    }
