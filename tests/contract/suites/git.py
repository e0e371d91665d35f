"""What every source of git repositories does; needs `repositories`, and the `server` they read."""

import shutil

import pytest

from oduflow.adapters.git.checkout_index import Author
from oduflow.domain.errors import Cancelled, Conflict, Invalid, NotFound
from oduflow.domain.progress_monitor import ProgressMonitor


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


class GitContract:
    """Branches, checkouts and shared copies."""

    def test_a_url_has_one_normal_form(self, repositories, server):
        url = server.repository("addons", {"main": {"a": "1"}})

        assert repositories.clean_url(url) == url == repositories.remote(url).clean
        for wrong in ("", "file:///etc/passwd", "ssh://git@h:22/..", "https://u:p@h/a"):
            with pytest.raises(Invalid):
                repositories.clean_url(wrong)

    def test_git_itself_has_a_version(self, repositories):
        assert repositories.check_git()

    def test_a_branch_is_resolved_to_its_newest_commit(self, repositories, server):
        url = server.repository("addons", {"main": {"a": "1"}, "19.0": {"a": "2"}})

        default = repositories.resolve_branch(url, None, team="1")
        named = repositories.resolve_branch(url, "19.0", team="1")

        assert (default.branch, default.commit) == ("main", server.commit("addons", "main"))
        assert (named.branch, named.commit) == ("19.0", server.commit("addons", "19.0"))

    def test_a_missing_branch_is_named_with_those_like_it(self, repositories, server):
        url = server.repository("addons", {"main": {"a": "1"}, "19.0": {"a": "2"}})

        with pytest.raises(NotFound) as caught:
            repositories.resolve_branch(url, "19.1", team="1")
        assert "19.0" in caught.value.hint
        with pytest.raises(Invalid):
            repositories.resolve_branch(url, "a..b", team="1")

    def test_a_missing_repository_is_not_found(self, repositories, server):
        with pytest.raises(NotFound):
            repositories.resolve_branch(server.url("public/none.git"), None, team="1")

    def test_a_question_for_a_branch_that_is_called_off_stops(self, repositories, server):
        url = server.repository("addons", {"main": {"a": "1"}})
        stopped = ProgressMonitor(cancelled=lambda: True)

        for branch in (None, "main"):
            with pytest.raises(Cancelled):
                repositories.resolve_branch(url, branch, team="1", monitor=stopped)

    def test_a_checkout_holds_the_branch_and_nothing_else(self, check_out, server, tmp_path):
        url = server.repository("addons", {"main": {"a/__manifest__.py": "{}", "README": "hi"}})

        assert check_out(url) == server.commit("addons", "main")
        assert tree(tmp_path / "work") == {"a/__manifest__.py": "{}", "README": "hi"}

    def test_a_newer_commit_replaces_the_content_but_never_the_folder(
        self, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"gone/a": "1", "kept": "1"}})
        check_out(url)
        inode = (tmp_path / "work").stat().st_ino
        (tmp_path / "work" / "left_behind.pyc").write_text("x")
        server.repository("addons", {"main": {"kept": "2", "new/b": "3"}})

        assert check_out(url) == server.commit("addons", "main")

        assert tree(tmp_path / "work") == {"kept": "2", "new/b": "3"}
        assert (tmp_path / "work").stat().st_ino == inode

    def test_a_checkout_of_a_missing_branch_is_not_found(self, check_out, server):
        url = server.repository("addons", {"main": {"a": "1"}})

        with pytest.raises(NotFound, match="no branch or tag gone"):
            check_out(url, "gone")

    def test_a_checkout_that_is_called_off_stops(self, repositories, server, tmp_path):
        url = server.repository("addons", {"main": {"a": "1"}})

        with pytest.raises(Cancelled):
            repositories.checkout(
                url,
                "main",
                team="1",
                git_dir=tmp_path / "git",
                work_tree=tmp_path / "work",
                monitor=ProgressMonitor(cancelled=lambda: True),
            )

    def test_a_copy_holds_what_was_fetched_of_each_branch(self, repositories, server, tmp_path):
        url = server.repository("addons", {"main": {"a": "1"}, "19.0": {"a": "2"}})
        copy = repositories.copy(tmp_path / "copy")
        assert not copy.holds(server.commit("addons", "main"))

        for branch in ("main", "19.0"):
            fetched = repositories.fetch(url, branch, team="1", git_dir=tmp_path / "copy")
            assert fetched == server.commit("addons", branch)

        assert copy.holds(server.commit("addons", "main"))
        copy.check_out(server.commit("addons", "19.0"), tmp_path / "out")
        assert tree(tmp_path / "out") == {"a": "2"}
        with pytest.raises(NotFound):
            repositories.fetch(url, "gone", team="1", git_dir=tmp_path / "copy")

    def test_a_tidied_copy_keeps_what_its_branches_are_at(self, repositories, server, tmp_path):
        url = server.repository("addons", {"main": {"a": "1"}})
        repositories.fetch(url, "main", team="1", git_dir=tmp_path / "copy")
        server.repository("addons", {"main": {"a": "2"}})
        newest = repositories.fetch(url, "main", team="1", git_dir=tmp_path / "copy")
        copy = repositories.copy(tmp_path / "copy")

        copy.tidy()

        assert copy.holds(newest)
        copy.check_out(newest, tmp_path / "out")
        assert tree(tmp_path / "out") == {"a": "2"}

    def test_a_lost_copy_holds_nothing_and_gives_no_checkout(self, repositories, server, tmp_path):
        url = server.repository("addons", {"main": {"a": "1"}})
        commit = repositories.fetch(url, "main", team="1", git_dir=tmp_path / "copy")
        shutil.rmtree(tmp_path / "copy")

        assert not repositories.copy(tmp_path / "copy").holds(commit)

    def test_a_kept_checkout_comes_back_with_its_edits(
        self, repositories, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a/b": "1", "edited": "1", "gone": "1"}})
        first = check_out(url)
        files, inode = tmp_path / "work", (tmp_path / "work").stat().st_ino
        (files / "edited").write_text("mine")
        (files / "gone").unlink()
        (files / "new").mkdir()
        (files / "new" / "file.pyc").write_text("mine")
        before = tree(files)
        checkout = repositories.work_tree(tmp_path / "git", files)
        kept = checkout.keep("one", first)
        server.repository("addons", {"main": {"a": "now a file", "edited": "2"}})
        check_out(url)
        (files / "other").write_text("left")

        assert not checkout.holds(kept, first)
        for _ in range(2):
            checkout.restore(kept, first)

        assert checkout.holds(kept, first)
        assert tree(files) == before
        assert files.stat().st_ino == inode
        (files / "edited").write_text("yours")
        assert not checkout.holds(kept, first)
        (files / "edited").write_text("mine")
        assert checkout.holds(kept, first)
        assert checkout.keep("two", first)
        for _ in range(2):
            checkout.forget("one")
        assert tree(files) == before

    def test_a_copy_of_a_checkout_becomes_what_was_kept_and_keeps_nothing(
        self, repositories, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a": "1", "b": "1"}})
        folders = {"git_dir": tmp_path / "git", "work_tree": tmp_path / "work"}
        commit = repositories.checkout(url, "main", team="1", **folders)
        (tmp_path / "work" / "a").write_text("edited")
        checkout = repositories.work_tree(tmp_path / "git", tmp_path / "work")
        kept = checkout.keep("one", commit)
        (tmp_path / "work" / "b").write_text("edited afterwards")
        for folder in ("git", "work"):
            shutil.copytree(tmp_path / folder, tmp_path / f"copied-{folder}", symlinks=True)
        copied = tmp_path / "copied-work"
        copy = repositories.work_tree(tmp_path / "copied-git", copied)

        copy.become_copy(kept, commit)

        assert tree(copied) == {"a": "edited", "b": "1"}
        assert tree(tmp_path / "work") == {"a": "edited", "b": "edited afterwards"}
        shutil.rmtree(tmp_path / "git")
        (copied / "a").write_text("again")
        again = copy.keep("one", commit)
        (copied / "a").unlink()
        copy.restore(again, commit)
        assert tree(copied) == {"a": "again", "b": "1"}

    def test_edits_are_shown_discarded_and_brought_back(
        self, repositories, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a/b": "1\n", "gone": "1\n", "same": "1\n"}})
        commit, files = check_out(url), tmp_path / "work"
        edits = repositories.edits(tmp_path / "git", files)
        assert edits.changed(commit) == ()
        (files / "a" / "b").write_text("2\n")
        (files / "gone").unlink()
        (files / "new").write_text("1\n")
        before = tree(files)

        assert kinds(edits.changed(commit)) == {"a/b": "changed", "gone": "deleted", "new": "added"}
        assert kinds(edits.changed(commit, ["a"])) == {"a/b": "changed"}
        assert "-1\n+2" in edits.diff(commit, ["a/b"], most=1000)
        assert edits.discard(commit, ["none", "same"]) == ()
        assert kinds(edits.discard(commit, ["a", "new"])) == {"a/b": "changed", "new": "added"}
        assert tree(files) == {"a/b": "1\n", "same": "1\n"}
        assert kinds(edits.bring_back(commit)) == {"a/b": "changed", "new": "added"}
        assert tree(files) == before
        with pytest.raises(Conflict):
            edits.bring_back(commit)

    def test_discarded_edits_do_not_replace_later_ones(
        self, repositories, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a": "1\n"}})
        commit, files = check_out(url), tmp_path / "work"
        edits = repositories.edits(tmp_path / "git", files)
        (files / "a").write_text("2\n")
        edits.discard(commit)
        (files / "a").write_text("3\n")

        with pytest.raises(Conflict):
            edits.bring_back(commit)

        assert tree(files) == {"a": "3\n"}

    def test_a_commit_of_edits_is_pushed_and_becomes_the_checkouts_own(
        self, repositories, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a": "1\n", "b": "1\n"}})
        commit, files = check_out(url), tmp_path / "work"
        edits = repositories.edits(tmp_path / "git", files)
        assert edits.commit(commit, (), "Nothing", AUTHOR, "fix") == ("", ())
        (files / "a").write_text("2\n")
        (files / "b").write_text("2\n")

        made, committed = edits.commit(commit, ["a"], "Change a", AUTHOR, "fix")

        assert kinds(committed) == kinds(edits.between(commit, made)) == {"a": "changed"}
        assert (edits.pending(commit).branch, edits.pending(commit).commit) == ("fix", made)
        assert edits.author(made) == AUTHOR
        assert repositories.head(url, "fix", team="1") == ("main", "")
        for _ in range(2):
            push(repositories, url, made, "fix", tmp_path)
        assert repositories.head(url, "fix", team="1") == ("main", made)
        edits.adopt(made)
        edits.forget_push()
        assert edits.pending(commit) is None
        assert kinds(edits.changed(made)) == {"b": "changed"}
        assert server.commit("addons", "main") == commit

    def test_a_push_to_a_branch_that_went_another_way_is_refused(
        self, repositories, check_out, server, tmp_path
    ):
        url = server.repository("addons", {"main": {"a": "1\n"}})
        commit = check_out(url)
        (tmp_path / "work" / "a").write_text("2\n")
        edits = repositories.edits(tmp_path / "git", tmp_path / "work")
        made, _ = edits.commit(commit, (), "Change a", AUTHOR, "main")
        server.repository("addons", {"main": {"a": "3\n"}})

        with pytest.raises(Conflict, match="has commits that the environment does not have"):
            push(repositories, url, made, "main", tmp_path)

        assert server.commit("addons", "main") not in {commit, made}


AUTHOR = Author("Ada", "ada@example.com")


def kinds(edits):
    return {edit.path: str(edit.kind) for edit in edits}


def push(repositories, url, commit, branch, folder):
    repositories.push(
        url, commit, branch, team="1", git_dir=folder / "git", monitor=ProgressMonitor()
    )
