"""Edits of a real checkout, by the git of this machine."""

import errno
import os
import shutil

import pytest

from oduflow.adapters.git.checkout_index import Author
from oduflow.adapters.git.edits import PendingPush
from oduflow.domain.errors import Conflict, QuotaReached, UpstreamFailed
from tests.support.local_checkout import LocalCheckout

ADA = Author("Ada", "ada@example.com")
FILES: dict[str, str | bytes] = {
    "sale/__manifest__.py": "{}\n",
    "sale/models/order.py": "a = 1\nb = 2\n",
    "sale/static/logo.png": b"\x89PNG\0\1",
    "stock/old.py": "gone = True\n",
    ".gitignore": "*.log\n",
}


def test_a_checkout_without_edits_has_none(checkout):
    assert checkout.edits.changed(checkout.commit) == ()
    assert checkout.edits.diff(checkout.commit, most=1000) == ""


def test_a_full_disk_on_which_no_index_can_be_copied_is_said_in_words(checkout, monkeypatch):
    def refuse(*_about):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", refuse)

    with pytest.raises(QuotaReached, match="The disk is full"):
        checkout.edits.changed(checkout.commit)


def test_changed_new_and_deleted_files_are_edits_ignored_ones_too(checkout):
    edit(checkout)

    assert listed(checkout) == {
        "debug.log": "added",
        "sale/models/new ü.py": "added",
        "sale/models/order.py": "changed",
        "stock/old.py": "deleted",
    }


def test_the_diff_shows_new_files_whole_and_names_as_they_are(checkout):
    edit(checkout)

    diff = checkout.edits.diff(checkout.commit, most=10_000)

    assert "-a = 1\n+a = 11\n" in diff
    assert "+++ b/sale/models/new ü.py\t\n@@ -0,0 +1 @@\n+c = 3\n" in diff
    assert "--- a/stock/old.py\n+++ /dev/null\n" in diff


def test_the_diff_of_a_binary_file_only_says_that_it_differs(checkout):
    checkout.put({"sale/static/logo.png": b"\x89PNG\0\2", "new.bin": b"\0" * 5000})

    diff = checkout.edits.diff(checkout.commit, most=10_000)

    assert "Binary files a/sale/static/logo.png and b/sale/static/logo.png differ" in diff
    assert "Binary files /dev/null and b/new.bin differ" in diff


def test_a_diff_is_cut_where_there_is_enough_of_it(checkout):
    checkout.put({"large.py": "x = 1\n" * 300_000})

    assert len(checkout.edits.diff(checkout.commit, most=5000).encode()) == 5000


def test_edits_are_selected_by_file_and_folder_and_never_by_a_pattern(checkout):
    edit(checkout)
    checkout.put({"*.py": "x"})

    assert listed(checkout, "sale") == {
        "sale/models/new ü.py": "added",
        "sale/models/order.py": "changed",
    }
    assert listed(checkout, "*.py") == {"*.py": "added"}
    assert listed(checkout, ":(top)sale") == {}
    diff = checkout.edits.diff(checkout.commit, ["stock/old.py"], most=1000)
    assert diff.count("diff --git") == 1


def test_reading_edits_changes_nothing_in_gits_folder_but_objects(checkout):
    edit(checkout)
    before = (checkout.git_dir / "index").read_bytes()
    lock = checkout.git_dir / "index.lock"
    lock.touch()  # a writer is at work

    listed(checkout)
    checkout.edits.diff(checkout.commit, most=1000)

    assert (checkout.git_dir / "index").read_bytes() == before
    lock.unlink()


@pytest.mark.thorough
def test_an_edit_of_the_same_size_in_the_same_moment_is_seen(checkout):
    for number in range(10):
        checkout.put({"sale/models/order.py": f"a = {number}\nb = 2\n"})
        expected = {} if number == 1 else {"sale/models/order.py": "changed"}
        assert listed(checkout) == expected
        assert checkout.edits.discard(checkout.commit) or number == 1


@pytest.mark.parametrize("lost", ["index", "stale"])
def test_edits_are_right_without_what_git_knows_about_the_files(checkout, lost):
    edit(checkout)
    if lost == "index":
        (checkout.git_dir / "index").unlink()
    else:
        checkout.git("add", "--all", "--force", ".")  # as a kill in `WorkTree.keep` leaves it

    assert set(listed(checkout).values()) == {"added", "changed", "deleted"}
    assert len(listed(checkout)) == 4


def test_links_and_changed_kinds_are_edits_that_are_not_followed(checkout, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (checkout.files / "sale/models/order.py").unlink()
    (checkout.files / "sale/models/order.py").symlink_to(tmp_path / "secret")
    (checkout.files / "stock/old.py").unlink()
    checkout.put({"stock/old.py/inner.py": "x\n"})
    os.mkfifo(checkout.files / "fifo")

    diff = checkout.edits.diff(checkout.commit, most=10_000)

    assert "secret\n" not in diff.replace(f"{tmp_path}/secret", "")
    assert listed(checkout) == {
        "sale/models/order.py": "changed",
        "stock/old.py": "deleted",
        "stock/old.py/inner.py": "added",
    }
    checkout.edits.discard(checkout.commit)
    assert {
        path: text for path, text in checkout.tree().items() if path != "sale/static/logo.png"
    } == {path: text for path, text in FILES.items() if path != "sale/static/logo.png"}
    assert (tmp_path / "secret").read_text() == "secret"


def test_attributes_of_the_repository_run_nothing(checkout, tmp_path):
    mark = tmp_path / "mark"
    checkout.git("config", "core.fsmonitor", f"touch {mark}")
    checkout.put({".gitattributes": "* filter=x diff=x\n*.py textconv=x\n"})
    edit(checkout)

    checkout.edits.diff(checkout.commit, most=1000)
    checkout.edits.discard(checkout.commit)

    assert not mark.exists()


def test_discarded_edits_are_gone_and_can_be_brought_back(checkout):
    before = checkout.tree()
    edit(checkout)
    edited = checkout.tree()

    discarded = checkout.edits.discard(checkout.commit)

    assert checkout.tree() == before
    assert [edit.path for edit in discarded] == sorted(listed_of(discarded))
    assert checkout.edits.discard(checkout.commit) == (), "what is kept stays"
    assert checkout.edits.bring_back(checkout.commit) == discarded
    assert checkout.tree() == edited
    with pytest.raises(Conflict, match="No discarded edits"):
        checkout.edits.bring_back(checkout.commit)


def test_other_edits_stay_when_some_are_discarded_and_brought_back(checkout):
    edit(checkout)
    edited = checkout.tree()

    discarded = checkout.edits.discard(checkout.commit, ["sale"])

    assert set(listed(checkout)) == {"debug.log", "stock/old.py"}
    checkout.put({"debug.log": "longer\n"})
    assert checkout.edits.bring_back(checkout.commit) == discarded
    assert checkout.tree() == edited | {"debug.log": "longer\n"}


@pytest.mark.thorough
@pytest.mark.parametrize("back", ["all", "some", "none"])
def test_what_a_cut_off_discard_or_return_left_is_brought_back_whole(checkout, back):
    edit(checkout)
    edited = checkout.tree()
    discarded = checkout.edits.discard(checkout.commit)
    paths = [each.path for each in discarded][: {"all": None, "some": 2, "none": 0}[back]]
    for path in paths:
        target = checkout.files / path
        if path in edited:
            target.parent.mkdir(parents=True, exist_ok=True)
            checkout.put({path: edited[path]})
        else:
            target.unlink()

    assert checkout.edits.bring_back(checkout.commit) == discarded

    assert checkout.tree() == edited
    assert set(listed(checkout)) == {each.path for each in discarded}


@pytest.mark.thorough
def test_edits_that_are_discarded_again_after_a_cut_off_are_all_kept(checkout):
    edit(checkout)
    edited = checkout.tree()
    discarded = checkout.edits.discard(checkout.commit)
    kept = checkout.git("rev-parse", "refs/oduflow/discarded")
    checkout.git("update-ref", "refs/oduflow/discarding", kept)
    checkout.git("update-ref", "-d", "refs/oduflow/discarded")
    path = next(each.path for each in discarded if each.path in edited)
    checkout.put({path: edited[path]})

    assert checkout.edits.discard(checkout.commit) == discarded

    assert checkout.edits.bring_back(checkout.commit) == discarded
    assert checkout.tree() == edited


@pytest.mark.parametrize("path", ["sale/models/order.py", "sale/models/new ü.py/inner"])
def test_edits_are_not_brought_back_over_later_ones(checkout, path):
    edit(checkout)
    checkout.edits.discard(checkout.commit)
    checkout.put({path: "mine\n"})
    before = checkout.tree()

    with pytest.raises(Conflict, match="in the way"):
        checkout.edits.bring_back(checkout.commit)

    assert checkout.tree() == before


def test_edits_of_another_commit_are_not_brought_back(checkout):
    edit(checkout)
    checkout.edits.discard(checkout.commit)
    checkout.put({"a": "b"})

    with pytest.raises(Conflict, match="another commit"):
        checkout.edits.bring_back(checkout.commit_all())


def test_everything_may_be_deleted_discarded_and_brought_back(checkout):
    for path in sorted(checkout.files.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()

    assert set(listed(checkout).values()) == {"deleted"}
    checkout.edits.discard(checkout.commit)
    assert len(checkout.tree()) == len(FILES)
    checkout.edits.bring_back(checkout.commit)
    assert checkout.tree() == {}


def test_a_commit_holds_the_edits_and_says_who_made_it(checkout):
    edit(checkout)
    before = checkout.tree()

    made, edits = checkout.edits.commit(checkout.commit, (), 'Fix\n\nIt\'s "ü".\n\n', ADA, "ada/x")

    assert listed_of(edits) == listed(checkout)
    assert checkout.tree() == before
    told = checkout.git("show", "--no-patch", "--format=%an|%ae|%cn|%P|%B", made)
    assert told == f'Ada|ada@example.com|Ada|{checkout.commit}|Fix\n\nIt\'s "ü".'
    assert checkout.edits.pending(checkout.commit) == PendingPush("ada/x", made)
    assert checkout.edits.pending(made) is None
    checkout.edits.adopt(made)
    checkout.edits.adopt(made)
    checkout.edits.forget_push()
    checkout.edits.forget_push()
    assert checkout.edits.pending(checkout.commit) is None
    assert checkout.edits.changed(made) == ()
    assert checkout.git("rev-parse", "HEAD") == made


def test_a_commit_of_some_edits_leaves_the_others(checkout):
    edit(checkout)

    made, edits = checkout.edits.commit(checkout.commit, ["sale"], "Sale", ADA, "x")

    assert set(listed_of(edits)) == {"sale/models/new ü.py", "sale/models/order.py"}
    assert set(listed_of(checkout.edits.changed(made))) == {"debug.log", "stock/old.py"}


def test_without_edits_there_is_no_commit(checkout):
    assert checkout.edits.commit(checkout.commit, (), "Nothing", ADA, "x") == ("", ())
    assert checkout.edits.pending(checkout.commit) is None


def test_paths_without_edits_select_nothing(checkout):
    edit(checkout)

    assert checkout.edits.discard(checkout.commit, ["none", "sale/__manifest__.py"]) == ()
    assert checkout.edits.commit(checkout.commit, ["none"], "x", ADA, "x") == ("", ())
    some = checkout.edits.discard(checkout.commit, ["none", "stock", "debug.log"])
    assert set(listed_of(some)) == {"stock/old.py", "debug.log"}
    assert set(listed(checkout)) == {"sale/models/new ü.py", "sale/models/order.py"}


def test_a_second_push_replaces_one_that_is_pending_even_where_its_name_is_a_folder(checkout):
    edit(checkout)
    checkout.edits.commit(checkout.commit, (), "One", ADA, "a/b")
    made, _ = checkout.edits.commit(checkout.commit, (), "Two", ADA, "a")

    assert checkout.edits.pending(checkout.commit) == PendingPush("a", made)


def test_a_path_in_a_submodule_names_it_and_its_files_are_no_edits(checkout):
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    tree = checkout.git("write-tree")
    made = checkout.git("commit-tree", tree, "-m", "with a submodule")
    checkout.put({"vendor/lib/code.py": "x\n"})
    edits = checkout.edits

    assert edits.submodule_of(made, ("vendor", "lib", "code.py")) == "vendor/lib"
    assert edits.submodule_of(made, ("vendor", "lib")) == "vendor/lib"
    assert edits.submodule_of(made, ("vendor", "other.py")) == ""
    assert edits.changed(made) == ()
    checkout.put({"sale/models/order.py": "x\n"})
    assert listed_of(edits.commit(made, (), "x", ADA, "x")[1]) == {
        "sale/models/order.py": "changed"
    }
    edits.discard(made)
    assert (checkout.files / "vendor/lib/code.py").read_text() == "x\n"


def test_what_git_cannot_do_is_told_without_the_servers_paths(checkout, tmp_path):
    checkout.put({".gitattributes": "*.txt working-tree-encoding=UTF-16\n", "a.txt": "x"})
    assert set(listed(checkout)) == {".gitattributes", "a.txt"}

    with pytest.raises(UpstreamFailed) as failed:
        checkout.edits.commit(checkout.commit, (), "x", ADA, "x")

    assert "UTF-16" in failed.value.output
    assert str(tmp_path) not in failed.value.output
    with pytest.raises(UpstreamFailed):
        checkout.edits.changed("1" * 40)


def edit(checkout):
    checkout.put(
        {
            "sale/models/order.py": "a = 11\nb = 2\n",
            "sale/models/new ü.py": "c = 3\n",
            "debug.log": "x\n",
        }
    )
    (checkout.files / "stock/old.py").unlink()
    (checkout.files / "stock").rmdir()


def listed(checkout, *paths):
    return listed_of(checkout.edits.changed(checkout.commit, paths))


def listed_of(edits):
    return {edit.path: str(edit.kind) for edit in edits}


@pytest.fixture
def checkout(tmp_path):
    return LocalCheckout.of(tmp_path, FILES)
