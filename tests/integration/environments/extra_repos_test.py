"""Extra repos in real environments: installable, shared, pinned, removed when unused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from oduflow.domain.errors import Kind, NotFound
from tests.support.base_template import give_template
from tests.support.browser import ARGUMENTS, EXECUTABLE
from tests.support.git_server import GitServer, Link
from tests.support.instances import TEMPLATE, Instance, world
from tests.support.variants import inside, inspected, plan_of

pytestmark = pytest.mark.timeout(900)  # the first one waits for the base template

READ = """
import sys
for path in sys.argv[1:]:
    try:
        print(open(path).read().strip())
    except OSError as error:
        print(type(error).__name__)
"""
TRIES_TO_WRITE = """
import sys
try:
    open(sys.argv[1], "w")
except OSError as error:
    print(error.errno)
"""
SHARED = {
    "oca_base/__init__.py": "",
    "oca_base/__manifest__.py": '{"name": "Shared", "depends": ["base"]}',
}
HOSTILE = {
    "addons": Link("/etc"),
    "linked/__manifest__.py": Link("/etc/shadow"),
    "up": Link("../git"),
}
OWN = {
    "ours/__init__.py": "",
    "ours/__manifest__.py": '{"name": "Ours", "depends": ["oca_base"]}',
}


@pytest.fixture(autouse=True)
def cleared(product: Instance) -> Iterator[None]:
    """Delete what a test made, and see that no folder, mount or row of it stays."""
    give_template(product, "red")
    before = world(product)
    yield
    deps = product.services.deps
    for team in ("blue", "red"):
        for row in deps.store.environments.list(team):
            product.ok("delete_environment", team, name=row.name)
        for repo in deps.store.extra_repos.list(team):
            product.ok("delete_extra_repo", team, name=repo.name)
    assert world(product) == before
    mounted = Path("/proc/self/mounts").read_text()
    assert f"{product.settings.server.data_dir}/team_blue/extra" not in mounted


def bound(product: Instance, name: str) -> dict[str, dict[str, object]]:
    """Answer the mounts of extra repos in an environment's container, by target."""
    mounts = inspected(plan_of(product, name).container)["Mounts"]
    return {
        mount["Destination"]: mount
        for mount in mounts
        if mount["Destination"].startswith("/mnt/extra")
    }


def test_environments_share_one_read_only_checkout_and_hold_the_extra_repo(
    product: Instance, git: GitServer
) -> None:
    shared = git.repository("oca", {"19.0": {**SHARED, **HOSTILE}}, default="19.0")
    own = git.repository("own", {"main": OWN})
    added = product.ok("add_extra_repo", name="oca", repo_url=shared)
    wanted = {"repo_url": own, "modules": ["ours"], "extra_repos": ["oca@19.0"]}
    one = product.ok("create_environment", name="one", **wanted)
    assert one["extra_repos"] == [{"name": "oca", "branch": "19.0", "commit": added["commit"]}]
    again = product.ok("create_environment", name="one", **wanted)
    assert {**again, "branch_checked_at": one["branch_checked_at"]} == one, "the same again"

    product.ok("create_environment", name="two", repo_url=own, extra_repos=["oca"])
    (mount,), (same,) = bound(product, "one").values(), bound(product, "two").values()
    assert (mount["Destination"], mount["RW"]) == ("/mnt/extra/oca/oca", False)
    assert mount["Source"] == same["Source"]
    assert str(mount["Source"]).endswith(f"/extra/{extra_id(product)}/{added['commit']}")

    refused = product.call("delete_extra_repo", name="oca")
    assert refused.error is not None
    assert refused.error.kind is Kind.CONFLICT
    assert "in use by one, two." in refused.error.message

    container = plan_of(product, "one").container
    assert inside(container, TRIES_TO_WRITE, "/mnt/extra/oca/oca/x").strip() == "30", "EROFS"
    hostname, git_dir, shadow = inside(
        container,
        READ,
        "/mnt/extra/oca/oca/addons/hostname",
        "/mnt/extra/oca/oca/up/HEAD",
        "/mnt/extra/oca/oca/linked/__manifest__.py",
    ).splitlines()
    assert hostname == "one", "that is not the container's own /etc"
    assert (git_dir, shadow) == ("FileNotFoundError", "PermissionError")
    assert sign_in_to_both(product, "one", "two") == [], "signing in to one signs out of the other"


def sign_in_to_both(product: Instance, *names: str) -> list[str]:
    """Sign one browser in to each environment; return those that it is not signed in to then."""
    urls = {name: product.ok("get_environment", name=name)["url"] for name in names}
    options = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", *ARGUMENTS[1:])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=options)
        page = browser.new_page()
        for name, url in urls.items():
            page.goto(f"{url}web/login", wait_until="domcontentloaded")
            page.fill("input[name=login]", "admin")
            page.fill(
                "input[name=password]", product.ok("get_environment_login", name=name)["password"]
            )
            with page.expect_navigation(wait_until="commit"):
                page.press("input[name=password]", "Enter")
            assert "/web/login" not in page.url
        lost = []
        for name, url in urls.items():
            page.goto(f"{url}web", wait_until="commit")
            if "/web/login" in page.url:
                lost.append(name)
        browser.close()
    return lost


def test_an_update_changes_no_environment_until_a_rebuild_is_asked_to(
    product: Instance, git: GitServer
) -> None:
    own = git.repository("own", {"main": OWN})
    shared = git.repository("oca", {"19.0": SHARED}, default="19.0")
    product.ok("add_extra_repo", name="oca", repo_url=shared)
    made = product.ok("create_environment", name="one", repo_url=own, extra_repos=["oca"])
    before = bound(product, "one")
    git.repository("oca", {"19.0": {**SHARED, "fresh/__manifest__.py": "{}"}}, default="19.0")
    updated = product.ok("update_extra_repo", name="oca")
    assert updated["commit"] == git.commit("oca", "19.0") != made["extra_repos"][0]["commit"]

    later = {"branch_checked_at": "", "disk": None, "edits": None}  # found out meanwhile
    assert product.ok("get_environment", name="one") | later == made | later
    assert product.ok("rebuild_environment", name="one") | later == made | later
    assert bound(product, "one") == before, "a rebuild keeps the pin"

    moved = product.ok("rebuild_environment", name="one", update_extra_repos=True)
    assert moved["extra_repos"][0]["commit"] == updated["commit"]
    (mount,) = bound(product, "one").values()
    assert str(mount["Source"]).endswith(updated["commit"])
    manifest = "/mnt/extra/oca/oca/fresh/__manifest__.py"
    assert inside(plan_of(product, "one").container, READ, manifest).strip() == "{}"


def test_another_teams_extra_repo_can_never_be_mounted(product: Instance, git: GitServer) -> None:
    url = git.repository("secret", {"main": SHARED})
    own = git.repository("own", {"main": OWN})
    product.ok("add_extra_repo", "red", name="secret", repo_url=url)
    answer = product.call("create_environment", name="thief", repo_url=own, extra_repos=["secret"])
    assert answer.error is not None
    assert (answer.error.kind, answer.error.message) == (
        Kind.INVALID,
        "There is no extra repo “secret”.",
    )
    assert product.ok("list_extra_repos") == {"extra_repos": []}
    for operation in ("update_extra_repo", "delete_extra_repo"):
        with pytest.raises(NotFound):
            product.call(operation, name="secret")


def test_a_create_that_fails_lets_go_of_its_extra_repo(product: Instance, git: GitServer) -> None:
    product.ok("add_extra_repo", name="oca", repo_url=git.repository("oca2", {"main": SHARED}))
    before = world(product)
    asked = {"repo_url": git.repository("own", {"main": OWN}), "template": TEMPLATE}
    answer = product.call(
        "create_environment", name="broken", extra_repos=["oca", "oca2@x"], **asked
    )
    assert answer.error is not None
    answer = product.call("create_environment", name="broken", extra_repos=["oca@no"], **asked)
    assert answer.error is not None
    assert answer.error.kind is Kind.NOT_FOUND
    assert world(product) == before
    assert product.services.deps.store.environments.list("blue") == ()


def extra_id(product: Instance) -> str:
    row = product.services.deps.store.extra_repos.get("blue", "oca")
    assert row is not None
    return row.id
