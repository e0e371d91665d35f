"""Files of a real environment: edited on the host, seen in the container, pushed to a server."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.errors import Invalid, NotFound
from tests.support.git_server import Files, GitServer, Link
from tests.support.instances import Instance
from tests.support.variants import inside, plan_of

pytestmark = pytest.mark.timeout(600)

NAME = "edited"
FIELD = (
    "from odoo import fields, models\n\n\nclass Thing(models.Model):\n    _name = 'thing.thing'\n"
)
FILES: Files = {
    "things/__manifest__.py": '{"name": "Things", "depends": ["base"]}',
    "things/__init__.py": "from . import models\n",
    "things/models/__init__.py": "from . import thing\n",
    "things/models/thing.py": f"{FIELD}    _description = 'Thing'\n    label = fields.Char()\n",
    "things/views/thing.xml": "<odoo/>\n",
    "leading/out": Link("/etc"),
    "passwd": Link("/etc/passwd"),
    "conf": Link("../conf/odoo.conf"),
    "inner": Link("things/models"),
}
READ = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
WRITE = """
import sys
try:
    open(sys.argv[1], 'a')
except OSError as error:
    print(type(error).__name__, error.errno)
"""
MODEL = "things/models/thing.py"


@pytest.fixture(scope="module")
def edited(product: Instance, git: GitServer) -> Iterator[Instance]:
    url = git.repository("things", {"main": FILES})
    made = product.ok("create_environment", name=NAME, repo_url=url, modules=["things"])
    assert made["state"] == "running"
    yield product
    with contextlib.suppress(NotFound):
        product.ok("delete_environment", name=NAME)


@pytest.fixture(autouse=True)
def without_edits(edited: Instance) -> Iterator[None]:
    yield
    if edited.ok("diff_edits", name=NAME)["files"]:
        edited.ok("discard_edits", name=NAME)


def in_container(product: Instance, path: str, program: str = READ) -> str:
    return inside(plan_of(product, NAME).container, program, f"/mnt/repo/things/{path}")


def test_what_is_written_is_seen_by_odoos_user_who_cannot_write_it(edited: Instance) -> None:
    edited.ok("write_file", name=NAME, path="things/models/new/deep.py", content="x = 1\n")
    edited.ok("write_file", name=NAME, path=MODEL, old="fields.Char()", new="fields.Char('L')")

    assert in_container(edited, "things/models/new/deep.py") == "x = 1\n"
    assert "label = fields.Char('L')" in in_container(edited, MODEL)
    for path in ("things/models/new/deep.py", MODEL, "things/new.py"):
        assert in_container(edited, path, WRITE).strip() in {"PermissionError 13", "OSError 30"}
    edited.ok("delete_file", name=NAME, path="things/models/new/deep.py")
    with pytest.raises(AssertionError):
        in_container(edited, "things/models/new/deep.py")


def test_odoo_uses_edited_code_after_a_restart_and_the_old_code_after_a_discard(
    edited: Instance,
) -> None:
    edited.ok("write_file", name=NAME, path="things/models/__init__.py", content="1 / 0\n")

    failed = edited.call("restart_environment", name=NAME)

    assert failed.error is not None
    log = edited.ok("get_environment_logs", name=NAME, level="error", lines=500)["log"]
    assert "ZeroDivisionError" in f"{log}{failed.error.message}{failed.error.output}"
    traced = "/mnt/repo/things/things/models/__init__.py"
    assert edited.ok("read_file", name=NAME, path=traced)["text"] == "1 / 0"
    edited.ok("discard_edits", name=NAME)
    assert edited.ok("start_environment", name=NAME)["state"] == "running"


def test_no_link_of_the_repository_leads_out(edited: Instance) -> None:
    checkout = plan_of(edited, NAME).checkout
    before = Path("/etc/passwd").read_bytes()
    listed = edited.ok("list_files", name=NAME)["files"]
    assert {"passwd -> /etc/passwd", "leading/out -> /etc"} <= set(listed)

    for path in ("passwd", "leading/out/passwd", "conf", "inner/thing.py", "leading/out/new"):
        for tool, more in (("read_file", {}), ("write_file", {"content": "x"})):
            with pytest.raises(Invalid, match="symbolic link"):
                edited.call(tool, name=NAME, path=path, **more)
    found = edited.ok("search_files", name=NAME, pattern="root:")
    assert found["matches"] == []
    assert Path("/etc/passwd").read_bytes() == before
    assert (checkout / "passwd").is_symlink()
    assert not Path("/etc/new").exists()


def test_edits_are_searched_shown_and_part_of_a_snapshot(edited: Instance) -> None:
    edited.ok("write_file", name=NAME, path=MODEL, old="'Thing'", new="'Needle'")
    edited.ok("create_snapshot", name=NAME, snapshot="with-edits")
    edited.ok("discard_edits", name=NAME)
    assert edited.ok("search_files", name=NAME, pattern="Needle")["matches"] == []

    edited.ok("rollback_environment", name=NAME, snapshot="with-edits")

    [found] = edited.ok("search_files", name=NAME, pattern=r"^\s+_desc.*Needle", regex=True)[
        "matches"
    ]
    assert (found["path"], found["line"]) == (MODEL, 6)
    shown = edited.ok("diff_edits", name=NAME)
    assert [(each["path"], each["kind"]) for each in shown["files"]] == [(MODEL, "changed")]
    assert "-    _description = 'Thing'\n+    _description = 'Needle'" in shown["diff"]
    edited.ok("delete_snapshot", name=NAME, snapshot="with-edits")


def test_edits_are_pushed_and_the_environment_is_at_the_commit(
    edited: Instance, git: GitServer
) -> None:
    first = edited.ok("get_environment", name=NAME)["commit"]
    edited.ok("write_file", name=NAME, path=MODEL, old="'Thing'", new="'Pushed'")
    edited.ok("write_file", name=NAME, path="notes.txt", content="not yet\n")

    pushed: dict[str, Any] = edited.ok(
        "commit_and_push", name=NAME, message="Name the thing", paths=["things"]
    )

    assert pushed["commit"] == git.commit("things", f"oduflow/{NAME}") != first
    assert git.commit("things", "main") == first
    shown = git.git("things", "show", "--format=%an|%B", pushed["commit"], "--", MODEL)
    assert "Name the thing" in shown
    assert "+    _description = 'Pushed'" in shown
    now = edited.ok("get_environment", name=NAME)
    assert (now["commit"], now["branch"], now["moved"]) == (
        pushed["commit"],
        f"oduflow/{NAME}",
        False,
    )
    assert [each["path"] for each in edited.ok("diff_edits", name=NAME)["files"]] == ["notes.txt"]
    again = edited.ok("commit_and_push", name=NAME, message="Notes")
    assert git.git("things", "rev-parse", f"{again['commit']}^") == pushed["commit"]


def test_a_rejected_push_leaves_the_edits_and_the_environment_as_they_are(
    edited: Instance, git: GitServer
) -> None:
    before = edited.ok("get_environment", name=NAME)["commit"]
    git.repository("things", {"other": {"a": "theirs\n"}})
    theirs = git.commit("things", "other")
    edited.ok("write_file", name=NAME, path="notes.txt", content="mine\n")

    refused = edited.call("commit_and_push", name=NAME, message="x", branch="other")

    assert refused.error is not None
    assert "other on 127.0.0.1 has commits" in refused.error.message
    assert git.commit("things", "other") == theirs
    assert edited.ok("get_environment", name=NAME)["commit"] == before
    assert [each["path"] for each in edited.ok("diff_edits", name=NAME)["files"]] == ["notes.txt"]
