"""What every source of git repositories does; needs `repositories`, and the `server` they read."""

import shutil

import pytest

from oduflow.domain.errors import Cancelled, Invalid, NotFound
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

        with pytest.raises(NotFound, match="no branch gone"):
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
