"""States of a real checkout, by the git of this machine."""

import pytest

from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.states import MAX_FILE, States
from oduflow.adapters.git.submodule_places import submodule_folder
from oduflow.adapters.git.work_trees import WorkTree
from oduflow.domain.errors import Conflict
from oduflow.domain.progress_monitor import UNWATCHED
from tests.support.local_checkout import LocalCheckout

LINES = "".join(f"line {number}\n" for number in range(20))
FILES: dict[str, str | bytes] = {
    "sale/__manifest__.py": "{}\n",
    "sale/models.py": LINES,
    "sale/logo.png": b"\x89PNG\0\1",
    "sale/views.xml": '<a image="sale/logo.png"/>',
    ".gitignore": "*.log\n",
}


def test_a_state_is_a_commit_with_all_edits_and_changes_no_file(checkout):
    checkout.put({"sale/models.py": "x\n", "debug.log": "ignored\n"})
    (checkout.files / "sale/logo.png").unlink()
    before = checkout.tree()

    state = states(checkout).keep(checkout.commit)

    assert states(checkout).paths(state) == (
        ".gitignore",
        "debug.log",
        "sale/__manifest__.py",
        "sale/models.py",
        "sale/views.xml",
    )
    assert checkout.git("rev-parse", f"{state}^") == checkout.commit
    assert checkout.tree() == before
    assert states(checkout).is_at(state, checkout.commit)
    checkout.put({"sale/models.py": "y\n"})
    assert not states(checkout).is_at(state, checkout.commit)


def test_differences_are_told_by_path_with_contents_as_they_are(checkout):
    checkout.put({"sale/logo.png": b"\xff\0\n\n", "new ü.py": "a", "sale/views.xml": ""})
    (checkout.files / "sale/models.py").unlink()
    (checkout.files / "link").symlink_to("sale")
    own = states(checkout)

    found = {each.path: each for each in own.compare(checkout.commit, own.keep(checkout.commit))}

    assert set(found) == {"sale/logo.png", "new ü.py", "sale/models.py", "sale/views.xml", "link"}
    assert (found["new ü.py"].old, found["sale/models.py"].new) == ("", "")
    assert [each.path for each in found.values() if each.is_link] == ["link"]
    names = [name for each in found.values() for name in (each.old, each.new)]
    contents = own.read(names)
    assert contents[found["sale/logo.png"].new] == b"\xff\0\n\n"
    assert contents[found["sale/views.xml"].new] == b""
    assert contents[found["sale/models.py"].old] == LINES.encode()


def test_a_content_that_is_too_large_is_left_out(checkout):
    checkout.put({"large.py": "x" * (MAX_FILE + 1), "small.py": "x"})
    own = states(checkout)
    state = own.keep(checkout.commit)

    names = own.named(state, ["large.py", "small.py", "none.py"])

    assert set(names) == {"large.py", "small.py"}
    assert own.read(names.values()) == {names["small.py"]: b"x"}


def test_edits_are_merged_onto_another_commit_without_touching_the_files(checkout):
    onto = newer(checkout, {"sale/models.py": LINES.replace("line 1\n", "theirs\n"), "b": "b"})
    checkout.put({"sale/models.py": LINES.replace("line 18\n", "ours\n"), "mine.png": b"\0\1"})
    own, before = states(checkout), checkout.tree()

    merged = own.merge(own.keep(checkout.commit), checkout.commit, onto)

    assert checkout.tree() == before
    switch(checkout, merged, onto)
    text = (checkout.files / "sale/models.py").read_text()
    assert ("theirs\n" in text, "ours\n" in text) == (True, True)
    assert (checkout.files / "mine.png").read_bytes() == b"\0\1"
    assert (checkout.files / "b").read_text() == "b"
    assert [each.path for each in checkout.edits.changed(onto)] == ["mine.png", "sale/models.py"]


def test_a_checkout_without_edits_becomes_the_other_commit(checkout):
    onto = newer(checkout, {"b": "b"})
    own = states(checkout)

    merged = own.merge(own.keep(checkout.commit), checkout.commit, onto)

    assert not own.differs(merged, onto)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"sale/models.py": "theirs\n"}, {"sale/models.py": "ours\n"}),
        ({"sale/logo.png": b"\0theirs"}, {"sale/logo.png": b"\0ours"}),
        ({"new.py": "theirs\n"}, {"new.py": "ours\n"}),
        ({"sale/models.py": None}, {"sale/models.py": "ours\n"}),
        ({"sale/models.py": "theirs\n"}, {"sale/models.py": None}),
    ],
)
def test_edits_in_conflict_are_named_and_change_nothing(checkout, theirs, ours):
    onto = newer(checkout, theirs)
    put(checkout, ours)
    own, before = states(checkout), checkout.tree()

    with pytest.raises(Conflict) as refused:
        own.merge(own.keep(checkout.commit), checkout.commit, onto)

    [path] = ours
    assert refused.value.message == (
        f"Edits are in conflict with {onto[:12]}: {path}. Nothing was changed."
    )
    assert checkout.tree() == before
    assert checkout.edits.changed(checkout.commit) != ()


@pytest.mark.parametrize("edit", [{"sale/models.py": "same\n"}, {"new.py": "same\n"}])
def test_an_edit_that_the_other_commit_has_too_is_none_any_more(checkout, edit):
    onto = newer(checkout, edit)
    put(checkout, edit)
    own = states(checkout)

    merged = own.merge(own.keep(checkout.commit), checkout.commit, onto)

    assert not own.differs(merged, onto)


def test_files_of_data_that_name_others_are_found(checkout):
    own = states(checkout)
    state = own.keep(checkout.commit)

    assert own.mentioned(state, ["sale/logo.png", "sale/none.png", ""]) == {
        "sale/logo.png": {"sale/views.xml"}
    }
    assert own.mentioned(state, ["nothing"]) == {}
    assert own.mentioned(state, []) == {}


def test_a_state_knows_when_it_was_made(checkout):
    before = checkout.files.stat().st_mtime - 100
    own = states(checkout)
    state = own.keep(checkout.commit)
    again = own.stamped(state, checkout.commit)

    assert own.made_at(again) >= own.made_at(state) > before
    assert not own.differs(again, state)
    assert checkout.git("rev-parse", "refs/oduflow/applied") == again


def test_links_are_told_with_their_texts(checkout):
    (checkout.files / "ü").symlink_to("sale/../sale")
    (checkout.files / "sale/up").symlink_to("/etc")
    own = states(checkout)

    assert own.links(own.keep(checkout.commit)) == {"ü": "sale/../sale", "sale/up": "/etc"}
    assert own.links(checkout.commit) == {}


def test_submodules_are_brought_to_their_pinned_commits_and_back(checkout, inner):
    first, second = inner
    one = pinning(checkout, first)
    switch(checkout, one, one)
    two = pinning(checkout, second)

    switch(checkout, two, two)
    assert (checkout.files / "oca/web/a").read_text() == "second"
    (checkout.files / "oca/web/stray").write_text("of a killed call")
    switch(checkout, one, one)

    assert (checkout.files / "oca/web/a").read_text() == "first"
    assert not (checkout.files / "oca/web/stray").exists()
    switch(checkout, checkout.commit, checkout.commit)
    assert not (checkout.files / "oca").exists()
    assert checkout.edits.changed(checkout.commit) == ()


def test_a_submodule_that_was_never_downloaded_stays_empty(checkout):
    other = pinning(checkout, "1" * 40)

    switch(checkout, other, other)

    assert [*(checkout.files / "oca/web").iterdir()] == []
    assert checkout.edits.changed(other) == ()


def test_no_link_is_followed_to_the_place_of_a_submodule(checkout, tmp_path):
    outside = tmp_path / "outside/web"
    outside.mkdir(parents=True)
    (outside / "precious").touch()
    other = pinning(checkout, "1" * 40)
    checkout.git("update-ref", "--no-deref", "HEAD", other)
    (checkout.files / "oca").symlink_to(outside.parent)

    switch(checkout, checkout.commit, checkout.commit)

    assert (outside / "precious").exists()


def states(checkout: LocalCheckout) -> States:
    return States(GitFolder(checkout.git_dir, RepositoryLimits(), UNWATCHED), checkout.files)


def switch(checkout: LocalCheckout, state: str, commit: str) -> None:
    folder = GitFolder(checkout.git_dir, RepositoryLimits(), UNWATCHED)
    WorkTree(folder, checkout.files).restore(state, commit)


def put(checkout: LocalCheckout, files: dict) -> None:  # type: ignore[type-arg]
    for path, content in files.items():
        if content is None:
            (checkout.files / path).unlink()
        else:
            checkout.put({path: content})


def newer(checkout: LocalCheckout, files: dict) -> str:  # type: ignore[type-arg]
    """Commit changes as a server's newest commit, and leave the checkout as it is."""
    put(checkout, files)
    made = checkout.commit_all()
    switch(checkout, checkout.commit, checkout.commit)
    return made


def pinning(checkout: LocalCheckout, commit: str) -> str:
    """Commit a submodule at `oca/web`, and leave the checkout as it is."""
    index = checkout.git_dir / "index"
    before = index.read_bytes()
    modules = checkout.files / ".gitmodules"
    modules.write_text('[submodule "web"]\n\tpath = oca/web\n\turl = ../web.git\n')
    checkout.git("add", ".gitmodules")
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{commit},oca/web")
    tree = checkout.git("write-tree")
    made = checkout.git("commit-tree", tree, "-m", "pins", "-p", checkout.commit)
    modules.unlink()
    index.write_bytes(before)
    return made


@pytest.fixture
def inner(checkout, tmp_path):
    """Download two commits of a submodule; return them."""
    folder = GitFolder(checkout.git_dir, RepositoryLimits(), UNWATCHED)
    own = LocalCheckout(submodule_folder(folder, "oca/web").git_dir, tmp_path / "web", "")
    own.git_dir.mkdir(parents=True)
    own.files.mkdir()
    own.git("init", "--quiet", "--template=")
    own.put({"a": "first"})
    first = own.commit_all()
    own.put({"a": "second"})
    return first, own.commit_all()


@pytest.fixture
def checkout(tmp_path) -> LocalCheckout:
    return LocalCheckout.of(tmp_path, FILES)
