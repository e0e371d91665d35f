import os
import shutil
from pathlib import Path

import pytest

from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import Cancelled, NotFound, QuotaReached
from oduflow.domain.progress_monitor import ProgressMonitor
from tests.support.git_server import GitServer, Link


def test_a_checkout_holds_the_branchs_files_and_none_of_git(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a/__manifest__.py": "{}", "README": "hello"}})
    assert check_out(url) == server.commit("addons", "main")
    assert tree(tmp_path / "work") == {"a/__manifest__.py": "{}", "README": "hello"}


def test_a_checkout_leaves_history_on_the_server(server, check_out, tmp_path):
    server.repository("addons", {"main": {"a": "1"}})
    url = server.repository("addons", {"main": {"a": "2"}})
    check_out(url)
    assert (tmp_path / "git/shallow").read_text().split() == [server.commit("addons", "main")]


def test_a_newer_commit_replaces_the_content_but_never_the_folder(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"gone/a": "1", "kept": "1"}})
    check_out(url)
    inode = (tmp_path / "work").stat().st_ino
    (tmp_path / "work/left_behind.pyc").write_text("x")
    server.repository("addons", {"main": {"kept": "2", "new/b": "3"}})
    assert check_out(url) == server.commit("addons", "main")
    assert tree(tmp_path / "work") == {"kept": "2", "new/b": "3"}
    assert (tmp_path / "work").stat().st_ino == inode


def test_branches_that_exclude_each_other_as_files_follow_each_other(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"x": "0"}, "a": {"x": "1"}})
    check_out(url, "a")
    server.repository("other", {"main": {"x": "0"}, "a/b": {"x": "2"}})
    check_out(server.url("public/other.git"), "a/b")
    assert tree(tmp_path / "work") == {"x": "2"}


def test_an_unchanged_branch_is_not_downloaded_again(server, repositories, tmp_path):
    url = server.repository("addons", {"main": {"a": "1"}})
    lines: tuple[list[str], list[str]] = ([], [])
    for told in lines:
        folders = {"git_dir": tmp_path / "git", "work_tree": tmp_path / "work"}
        repositories.checkout(
            url, "main", team="1", monitor=ProgressMonitor(told.append), **folders
        )
    assert [any("Receiving" in line for line in told) for told in lines] == [True, False]


def test_a_branch_that_vanished_is_not_found(server, check_out):
    url = server.repository("addons", {"main": {"a": "1"}})
    with pytest.raises(NotFound, match="no branch or tag gone") as caught:
        check_out(url, "gone")
    assert caught.value.hint == "It has main."


def test_a_tag_a_ref_and_a_commit_can_be_checked_out(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1"}})
    old = server.commit("addons", "main")
    server.git("addons", "tag", "light", "main")
    server.git("addons", "-c", "user.name=a", "tag", "-m", "annotated", "v1.0", "main")
    server.git("addons", "update-ref", "refs/pull/7/head", old)
    server.repository("addons", {"main": {"a": "2"}})

    for name in ("v1.0", "light", "tags/v1.0", "refs/tags/v1.0", "refs/pull/7/head", old):
        assert check_out(url, name) == old, name
        assert tree(tmp_path / "work") == {"a": "1"}
        assert check_out(url, "refs/heads/main") == server.commit("addons", "main")


@pytest.mark.parametrize("tagged", ["main^{tree}", "main:a"])
def test_a_tag_of_a_file_or_a_folder_is_named_as_one(server, check_out, tagged):
    url = server.repository("addons", {"main": {"a": "1"}})
    server.git("addons", "tag", "key", tagged)

    with pytest.raises(NotFound, match="a tag of a file or a folder, not of a commit"):
        check_out(url, "key")


def test_a_branch_goes_before_a_tag_of_its_name(server, check_out):
    url = server.repository("addons", {"main": {"a": "1"}, "v1": {"a": "2"}})
    server.git("addons", "tag", "v1", "main")
    assert check_out(url, "v1") == server.git("addons", "rev-parse", "refs/heads/v1")


def test_a_commit_that_the_server_does_not_have_is_not_found(server, check_out):
    url = server.repository("addons", {"main": {"a": "1"}})
    with pytest.raises(NotFound, match="no such commit"):
        check_out(url, "1" * 40)


@pytest.mark.parametrize(
    ("signature", "mode"),
    [
        ("A <a@b.c> 1700000000 +051800", b"100644"),
        ("A <a@b.c> 1700000000 +0000", b"0100644"),
        ("<a@b.c> 1700000000 +0000", b"100644"),
        ("A 1700000000 +0000", b"100644"),
        ("A <a@b.c>1700000000 +0000", b"100644"),
        ("A <a@b.c> 0001700000000 +0000", b"100644"),
    ],
)
def test_blemishes_of_old_tools_are_accepted_as_git_clone_accepts_them(
    server, check_out, tmp_path, signature, mode
):
    url = server.repository("addons", {"main": {"a": "1"}})
    blob = bytes.fromhex(server.git("addons", "rev-parse", "main:a"))
    write = ("hash-object", "-w", "--stdin", "--literally", "-t")
    made = server.git("addons", *write, "tree", stdin=mode + b" a\0" + blob)
    text = f"tree {made}\nauthor {signature}\ncommitter {signature}\n\nold\n"
    commit = server.git("addons", *write, "commit", stdin=text.encode())
    (server.root / "addons.git/refs/heads/main").write_text(commit)

    assert check_out(url) == commit
    assert tree(tmp_path / "work") == {"a": "1"}


def damage_nothing_but_stop_early(git_dir: Path) -> None:
    (git_dir / "unfinished").touch()
    (git_dir / "objects/pack/tmp_pack_x").write_bytes(b"x" * 1000)


def lose_the_objects(git_dir: Path) -> None:
    shutil.rmtree(git_dir / "objects")


def leave_a_lock(git_dir: Path) -> None:
    (git_dir / "index.lock").touch()


def truncate_the_pack(git_dir: Path) -> None:
    for pack in git_dir.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"PACK")


def break_the_head(git_dir: Path) -> None:
    (git_dir / "HEAD").write_text("\0\0")


def break_the_index(git_dir: Path) -> None:
    (git_dir / "index").write_bytes(b"\0" * 40)


@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing_but_stop_early,
        lose_the_objects,
        leave_a_lock,
        truncate_the_pack,
        break_the_head,
        break_the_index,
    ],
)
def test_a_half_made_checkout_is_repaired(server, check_out, tmp_path, damage):
    url = server.repository("addons", {"main": {"a/x": "1", "b": "2"}})
    check_out(url)
    damage(tmp_path / "git")
    (tmp_path / "work/b").unlink()
    (tmp_path / "work/a/x").write_text("changed")
    assert check_out(url) == server.commit("addons", "main")
    assert tree(tmp_path / "work") == {"a/x": "1", "b": "2"}
    assert not (tmp_path / "git/unfinished").exists()
    assert not list(tmp_path.glob("git/objects/pack/tmp_*"))


def test_a_folder_in_the_way_of_a_file_gives_way(server, check_out, tmp_path):
    url = server.repository("addons", {"main": {"a": "1"}})
    (tmp_path / "work/a/deep").mkdir(parents=True)
    (tmp_path / "work/a/deep/x").touch()
    check_out(url)
    assert tree(tmp_path / "work") == {"a": "1"}


def test_a_link_out_of_the_checkout_stays_a_link_and_is_not_written_through(
    server, check_out, tmp_path
):
    outside = tmp_path / "outside"
    outside.mkdir()
    url = server.repository("addons", {"main": {"addons": Link(str(outside))}})
    check_out(url)
    assert (tmp_path / "work/addons").readlink() == outside
    server.repository("addons", {"main": {"addons/x": "1"}})
    check_out(url)
    assert tree(tmp_path / "work") == {"addons/x": "1"}
    assert list(outside.iterdir()) == []


def test_progress_is_told_while_it_goes(server, repositories, tmp_path):
    url = server.repository("addons", {"main": {f"f{n}": str(n) for n in range(50)}})
    lines: list[str] = []
    repositories.checkout(
        url,
        "main",
        team="1",
        git_dir=tmp_path / "git",
        work_tree=tmp_path / "work",
        monitor=ProgressMonitor(lines.append),
    )
    assert any(line.startswith("Receiving objects: ") for line in lines)


def test_a_cancelled_checkout_stops(server, repositories, tmp_path):
    with pytest.raises(Cancelled):
        repositories.checkout(
            server.url("hang/addons.git"),
            "main",
            team="1",
            git_dir=tmp_path / "git",
            work_tree=tmp_path / "work",
            monitor=ProgressMonitor(cancelled=lambda: len(server.requests) > 0),
        )


@pytest.mark.parametrize(
    "content",
    [pytest.param(os.urandom(6_000_000), id="pack"), pytest.param(b"0" * 50_000_000, id="bomb")],
)
def test_a_huge_repository_is_stopped_at_the_quota(server: GitServer, tmp_path, content):
    url = server.repository("addons", {"main": {"huge": content}})
    repositories = GitRepositories(
        allowed_hosts=(server.authority,), limits=RepositoryLimits(repository_bytes=4_000_000)
    )
    with pytest.raises(QuotaReached, match="larger than 4 MiB"):
        repositories.checkout(
            url, "main", team="1", git_dir=tmp_path / "git", work_tree=tmp_path / "work"
        )


def test_a_checkout_is_readable_for_others_under_any_umask_of_the_server(
    server, check_out, tmp_path
):
    url = server.repository("addons", {"main": {"a/x": "1"}})
    before = os.umask(0o077)
    try:
        check_out(url)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "work").rglob("*")}
    assert modes == {"a": 0o755, "x": 0o644}
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o755


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
