"""Hostile and broken repositories: their creation is refused or harmless."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import Invalid, Kind, NotFound
from oduflow.domain.outcome import ErrorView
from tests.support.git_server import Files, GitServer, Link, Submodule
from tests.support.instances import Instance, world
from tests.support.server import eventually
from tests.support.variants import git_host, held_at, inside, inspected, plan_of, variant, with_git

pytestmark = pytest.mark.timeout(300)

MANIFEST = '{"name": "Odd", "depends": ["base"]}'
MODULE = {"odd/__manifest__.py": MANIFEST, "odd/__init__.py": ""}
READ = """
import sys
for path in sys.argv[1:]:
    try:
        print(open(path).read().strip())
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def created(product: Instance, git: GitServer) -> Iterator["OddCreation"]:
    creation = OddCreation(product, git)
    yield creation
    with contextlib.suppress(NotFound):  # most of them are refused
        product.call("delete_environment", name="odd")


class OddCreation:
    """Makes the environment `odd` from files, and looks into its container."""

    def __init__(self, product: Instance, git: GitServer) -> None:
        self.product = product
        self._git = git

    def __call__(self, repository: str, files: Files, **arguments: object) -> None:
        url = self._git.repository(repository, {"main": files})
        made = self.product.ok("create_environment", name="odd", repo_url=url, **arguments)
        assert made["state"] == "running"

    def read(self, *paths: str) -> list[str]:
        """Answer what the files hold inside of the container, or why they cannot be read."""
        return inside(plan_of(self.product, "odd").container, READ, *paths).splitlines()

    def bind_sources(self) -> set[Path]:
        mounts = inspected(plan_of(self.product, "odd").container)["Mounts"]
        return {Path(mount["Source"]) for mount in mounts if mount["Type"] == "bind"}


def refused(product: Instance, **arguments: object) -> ErrorView:
    """Try to create, and be refused; nothing is left behind."""
    before = world(product)
    answer = product.call("create_environment", name="refused", **arguments)
    after, row = world(product), product.services.deps.store.environments.get("blue", "refused")
    if row is not None:
        product.ok("delete_environment", name="refused")
    assert answer.error is not None
    assert (after, row) == (before, None)
    return answer.error


def test_links_out_of_the_checkout_lead_nowhere_on_the_host(created: OddCreation) -> None:
    links = {
        "addons": Link("/etc"),
        "secrets": Link("../secrets"),
        "linked/__manifest__.py": Link("/etc/shadow"),
        "login/__manifest__.py": Link("../../secrets/admin_password"),
    }
    created("links", {**MODULE, **links})
    plan = plan_of(created.product, "odd")
    assert created.bind_sources() == {
        plan.checkout,
        plan.conf,
        plan.python_start,
        plan.links,
    }
    hostname, *unread = created.read(
        "/mnt/repo/links/addons/hostname",
        "/mnt/repo/links/secrets/admin_password",
        "/mnt/repo/links/login/__manifest__.py",
        "/mnt/repo/links/linked/__manifest__.py",
    )
    assert hostname == "odd", "that is not the container's own /etc"
    assert unread == ["FileNotFoundError", "FileNotFoundError", "PermissionError"]
    row = created.product.services.deps.store.environments.get("blue", "odd")
    assert row is not None
    assert row.addons == ("/mnt/links/0",)
    assert [link.name for link in (plan.links / "0").iterdir()] == ["odd"]


def test_a_folder_swapped_for_a_link_between_scan_and_mount_leads_nowhere(
    created: OddCreation,
) -> None:
    with held_at(created.product, "create.container.before") as reached:
        working = threading.Thread(target=created, args=("swapped", MODULE))
        working.start()
        eventually(reached.exists, 60)
        checkout = plan_of(created.product, "odd").checkout
        (checkout / "odd").rename(checkout / "aside")
        (checkout / "odd").symlink_to("/etc")
    working.join()
    assert created.read("/mnt/repo/swapped/odd/hostname") == ["odd"]
    plan = plan_of(created.product, "odd")
    assert created.bind_sources() == {checkout, plan.conf, plan.python_start}


def test_a_folder_with_a_name_that_configurations_trip_over_is_served(created: OddCreation) -> None:
    folder = "50% {db_password} ;# \"q\" 'x' = [options] %(admin)s ünï"
    files = {f"{folder}/{path}": text for path, text in MODULE.items()}
    unusable = {f"a,b$HOME/{path}": text for path, text in MODULE.items()}
    created("names", {**files, **unusable}, modules=["odd"])
    assert created.read(f"/mnt/repo/names/{folder}/odd/__manifest__.py") == [MANIFEST]


def test_a_repository_that_is_one_module_is_installed_under_its_own_name(
    created: OddCreation,
) -> None:
    created(
        "root-module", {"__manifest__.py": MANIFEST, "__init__.py": ""}, modules=["root_module"]
    )


def test_a_module_of_a_public_submodule_is_installed_and_a_private_one_is_told(
    created: OddCreation, git: GitServer
) -> None:
    git.repository("other", {"main": {f"in_{path}": text for path, text in MODULE.items()}})
    modules = "".join(
        f'[submodule "{path}"]\n\tpath = {path}\n\turl = {git.url(url)}\n'
        for path, url in (("x", "public/other.git"), ("y", "private/other.git"))
    )
    pinned = Submodule(git.commit("other", "main"))
    files: Files = {**MODULE, "x": pinned, "y": pinned, ".gitmodules": modules}
    created("super", files, modules=["odd", "in_odd"])
    shown = created.product.ok("get_environment", name="odd")["checkout"]
    assert [each["file"] for each in shown["warnings"]] == ["y/"]
    [step] = shown["warnings"][0]["steps"]
    assert step["operation"] == "add_extra_repo"
    assert step["arguments"] == {"name": "y", "repo_url": git.url("private/other.git")}


def test_a_manifest_with_code_is_no_manifest_and_its_code_never_runs(
    product: Instance, git: GitServer, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    calls = f'{{"name": open({str(mark)!r}, "w").name}}'
    expands = '{"name": "x" * 2 ** 40}'
    deep = "(" * 5000 + ")" * 5000
    files = {"calls": calls, "expands": expands, "deep": deep, "large": MANIFEST + " " * 300_000}
    manifests = {f"{name}/__manifest__.py": text for name, text in files.items()}
    error = refused(product, repo_url=git.repository("code", {"main": manifests}))
    assert error.kind is Kind.INVALID
    assert "holds no Odoo module" in error.message
    assert not mark.exists()


def test_a_repository_without_a_module_is_invalid(product: Instance, git: GitServer) -> None:
    files = {"README.md": "No addons here.", "not-a-name/__manifest__.py": MANIFEST}
    error = refused(product, repo_url=git.repository("empty", {"main": files}))
    assert error.kind is Kind.INVALID
    assert "holds no Odoo module on branch main" in error.message
    assert "not-a-name/" in error.message
    assert "Rename it" in error.hint


def test_a_repository_over_the_quota_is_stopped(product: Instance, git: GitServer) -> None:
    url = git.repository("huge", {"main": {**MODULE, "blob": os.urandom(12 << 20)}})
    limits = RepositoryLimits(repository_bytes=8 << 20)
    small = with_git(product, GitRepositories(allowed_hosts=(git.authority,), limits=limits))
    error = refused(small, repo_url=url)
    assert error.kind is Kind.QUOTA
    assert "larger than 8 MiB" in error.message


def test_a_missing_branch_is_not_found_and_those_there_are_are_named(
    product: Instance, git: GitServer
) -> None:
    url = git.repository("branches", {"main": MODULE, "stable": MODULE})
    error = refused(product, repo_url=url, branch="stabel")
    assert error.kind is Kind.NOT_FOUND
    assert "stable" in error.hint


def test_a_missing_repository_is_not_found(product: Instance, git: GitServer) -> None:
    error = refused(product, repo_url=git.url("public/nothing.git"))
    assert error.kind is Kind.NOT_FOUND
    assert "no repository" in error.message


def test_a_private_repository_says_how_to_store_a_credential(
    product: Instance, git: GitServer
) -> None:
    git.repository("closed", {"main": MODULE})
    error = refused(product, repo_url=git.url("private/closed.git"))
    assert error.kind is Kind.UPSTREAM
    assert [step.operation for step in error.next] == ["setup_repo_auth", "create_environment"]


def test_a_host_without_a_listener_is_named(instance: Instance) -> None:
    with variant(instance, git_host("127.0.0.1:9")) as product:
        error = refused(product, repo_url="http://127.0.0.1:9/x.git")
    assert error.kind is Kind.UPSTREAM
    assert "127.0.0.1 cannot be reached" in error.message


@pytest.mark.parametrize("area", ["hang", "drip"])
def test_a_host_that_hangs_or_drips_is_given_up(
    product: Instance, git: GitServer, area: str
) -> None:
    git.repository("slow", {"main": MODULE})
    limits = RepositoryLimits(ask_seconds=2)
    hasty = with_git(product, GitRepositories(allowed_hosts=(git.authority,), limits=limits))
    error = refused(hasty, repo_url=git.url(f"{area}/slow.git"))
    assert error.kind is Kind.UPSTREAM
    assert "after 2 seconds" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "/etc",
        "ext::sh -c id",
        "git://127.0.0.1/x.git",
        "ssh://git@127.0.0.1/x.git",
        "git@127.0.0.1:x.git",
        "http::http://127.0.0.1/x.git",
        "--upload-pack=id",
        "https://user:secret@example.com/x.git",
        "https://example.com/a%0ab.git",
        "http://10.0.0.1/x.git",
        "https://127.1/x.git",
        "https://0x7f000001/x.git",
        "https://169.254.169.254/x.git",
        "https://[::ffff:127.0.0.1]/x.git",
    ],
)
def test_a_forbidden_url_is_invalid_and_no_server_is_asked(product: Instance, url: str) -> None:
    try:
        error: ErrorView | Invalid = refused(product, repo_url=url)
    except Invalid as early:  # its words alone are refused before there is a job
        error = early
    assert error.kind is Kind.INVALID
    assert "secret" not in f"{error.message} {error.hint} {error.output}"
    assert product.services.deps.store.environments.get("blue", "refused") is None


@pytest.mark.parametrize("branch", ["-f", "a..b", "a b", "a\nb", "refs/heads/.lock", "@{-1}"])
def test_a_branch_that_git_would_misread_is_invalid(
    product: Instance, git: GitServer, branch: str
) -> None:
    url = git.repository("plain", {"main": MODULE})
    assert refused(product, repo_url=url, branch=branch).kind is Kind.INVALID
