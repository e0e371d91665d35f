"""A checkout that is kept and brought back, with its submodules and what was edited in them."""

import shutil
from dataclasses import replace

import pytest

from tests.support.git_server import Submodule

DECLARED = '[submodule "web"]\n\tpath = oca/web\n\turl = ../web.git\n'


@pytest.fixture
def url(server):
    server.repository("web", {"main": {"grid/a": "pinned", "grid/gone": "1"}})
    pinned = Submodule(server.commit("web", "main"))
    files = {"shop/x": "1", ".gitmodules": DECLARED, "oca/web": pinned}
    return server.repository("shop", {"main": files})


@pytest.fixture
def checkout(repositories, tmp_path):
    return repositories.work_tree(tmp_path / "git", tmp_path / "work")


def tree(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def kept(url, check_out, checkout, tmp_path):
    """Check out, edit in the submodule, keep it; return what was kept, its commit and files."""
    commit = check_out(url)
    (tmp_path / "work/oca/web/grid/a").write_text("mine")
    (tmp_path / "work/oca/web/grid/gone").unlink()
    (tmp_path / "work/oca/web/new").write_text("mine")
    return checkout.keep("one", commit), commit, tree(tmp_path / "work")


@pytest.mark.parametrize(
    "change",
    [
        lambda web: (web / "grid/a").write_text("another"),
        lambda web: (web / "new").unlink(),
        shutil.rmtree,
    ],
)
def test_a_changed_file_of_a_submodule_is_noticed_and_brought_back(
    kept, checkout, tmp_path, change
):
    made, commit, before = kept
    assert checkout.holds(made, commit)

    change(tmp_path / "work/oca/web")
    assert not checkout.holds(made, commit)
    for _ in range(2):
        checkout.restore(made, commit)

    assert tree(tmp_path / "work") == before
    assert checkout.holds(made, commit)


@pytest.mark.parametrize("call", ["keep", "holds", "restore"])
def test_git_reads_only_edited_files_the_next_time(kept, checkout, tmp_path, call):
    made, commit, _ = kept

    {
        "keep": lambda: checkout.keep("two", commit),
        "holds": lambda: checkout.holds(made, commit),
        "restore": lambda: checkout.restore(made, commit),
    }[call]()

    submodules = [tmp_path / "git", *(tmp_path / "git/submodules").iterdir()]
    places = [tmp_path / "work", tmp_path / "work/oca/web"]
    names = [("shop/x", ".gitmodules"), ()]
    for git_dir, place, unedited in zip(submodules, places, names, strict=True):
        folder = replace(checkout.folder, git_dir=git_dir)
        known = folder.run("ls-files", "--debug", work_tree=place)
        for name in unedited:
            seen = (place / name).stat()
            about = known.split(f"{name}\n", 1)[1]
            assert f"ino: {seen.st_ino}" in about.split("flags")[0]
            assert f"size: {seen.st_size}" in about.split("flags")[0]
    folder = replace(checkout.folder, git_dir=submodules[1])
    changed = folder.run("diff-files", "--name-only", work_tree=places[1])
    assert set(changed.split()) == {"grid/a", "grid/gone"}
    assert checkout.holds(made, commit)


@pytest.mark.parametrize("becomes", ["newer", "files", "nothing", "closed"])
def test_a_submodule_is_brought_back_over_what_a_newer_commit_has_in_its_place(
    kept, server, url, check_out, checkout, tmp_path, becomes
):
    made, commit, before = kept
    server.repository("web", {"main": {"grid/a": "newest", "grid/b": "2"}})
    files: dict[str, str | Submodule] = {"shop/x": "2", ".gitmodules": DECLARED}
    if becomes == "newer":
        files["oca/web"] = Submodule(server.commit("web", "main"))
    elif becomes == "files":
        files = {"shop/x": "2", "oca/web/grid/a": "own", "oca/web/other": "own"}
    elif becomes == "closed":
        files |= {".gitmodules": DECLARED.replace("../web", "../gone"), "oca/web": Submodule()}
    server.repository("shop", {"main": files})
    newer = check_out(url)
    after = tree(tmp_path / "work")
    undo = checkout.keep("two", newer)
    assert not checkout.holds(made, commit)

    checkout.restore(made, commit)
    assert tree(tmp_path / "work") == before
    assert checkout.holds(made, commit)

    checkout.restore(undo, newer)
    assert tree(tmp_path / "work") == after
    assert checkout.holds(undo, newer)


def test_a_pin_that_cannot_be_had_takes_nothing_from_what_was_kept(
    kept, server, url, check_out, checkout, tmp_path
):
    made, commit, before = kept
    pinned = Submodule("1" * 40)
    server.repository("shop", {"main": {"shop/x": "2", ".gitmodules": DECLARED, "oca/web": pinned}})
    for _ in range(2):
        check_out(url)
    assert list((tmp_path / "work/oca/web").iterdir()) == []

    checkout.restore(made, commit)
    assert (tree(tmp_path / "work"), checkout.holds(made, commit)) == (before, True)
    again = checkout.keep("again", commit)
    shutil.rmtree(tmp_path / "work/oca/web")
    checkout.restore(again, commit)
    assert (tree(tmp_path / "work"), checkout.holds(again, commit)) == (before, True)


def test_a_lock_of_a_killed_call_does_not_empty_the_place_of_a_submodule(
    url, check_out, checkout, tmp_path
):
    commit = check_out(url)
    before = tree(tmp_path / "work")
    [folder] = (tmp_path / "git/submodules").iterdir()
    (folder / "index.lock").touch()
    (tmp_path / "work/oca/web/grid/a").write_text("mine")

    checkout.restore(commit, commit)

    assert tree(tmp_path / "work") == before


@pytest.mark.parametrize("message", ["kept with submodules\n\nno pair here", ""])
def test_a_commit_of_someone_else_is_none_that_was_kept(server, check_out, checkout, message):
    commit = check_out(server.repository("shop", {"main": {"shop/x": "1"}}))
    git = checkout.folder
    tree = git.run("rev-parse", f"{commit}^{{tree}}")
    by = ("-c", "user.name=Ada", "-c", "user.email=")
    theirs = git.run(*by, "commit-tree", tree, "-p", commit, "-m", message)

    checkout.restore(theirs, theirs)

    assert checkout.holds(theirs, theirs)


def test_a_submodule_whose_objects_were_lost_is_not_proven(kept, checkout, tmp_path):
    made, commit, _ = kept
    shutil.rmtree(tmp_path / "git/submodules")

    checkout.restore(made, commit)

    assert not checkout.holds(made, commit)


def test_what_an_older_version_kept_is_brought_back_without_its_submodules(
    url, check_out, checkout, repositories, tmp_path
):
    commit = check_out(url)
    folder = checkout.folder
    of_us = ("-c", "user.name=oduflow", "-c", "user.email=oduflow@localhost")
    older = folder.run(*of_us, "commit-tree", f"{commit}^{{tree}}", "-p", commit, "-m", "kept")
    (tmp_path / "work/oca/web/grid/a").write_text("mine")
    (tmp_path / "work/shop/x").write_text("mine")

    checkout.restore(older, commit)

    assert checkout.holds(older, commit)
    assert (tmp_path / "work/oca/web/grid/a").read_text() == "mine"
    assert (tmp_path / "work/shop/x").read_text() == "1"


def test_what_was_kept_of_a_submodule_is_forgotten_with_the_rest(kept, checkout):
    [folder] = (checkout.folder.git_dir / "submodules").iterdir()
    assert list(folder.rglob("refs/oduflow/kept/one"))

    checkout.forget("one")

    assert not list(folder.rglob("refs/oduflow/kept/one"))


def test_a_copy_of_a_checkout_has_its_submodules_and_keeps_nothing(
    kept, checkout, repositories, tmp_path
):
    made, commit, before = kept
    for folder in ("git", "work"):
        shutil.copytree(tmp_path / folder, tmp_path / f"copied-{folder}", symlinks=True)
    (tmp_path / "copied-work/oca/web/grid/a").write_text("edited while it was copied")
    copy = repositories.work_tree(tmp_path / "copied-git", tmp_path / "copied-work")

    copy.become_copy(made, commit)

    assert tree(tmp_path / "copied-work") == before == tree(tmp_path / "work")
    assert not list((tmp_path / "copied-git").rglob("refs/oduflow/kept/one"))
