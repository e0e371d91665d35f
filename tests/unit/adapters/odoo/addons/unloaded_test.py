import pytest

from oduflow.adapters.odoo.addons.unloaded import large_files, missing_submodules

URL = "https://x.org/web.git"


@pytest.mark.parametrize(
    ("path", "url", "call"),
    [
        ("oca/web", URL, f"add_extra_repo name=web repo_url={URL}"),
        ("_/__", URL, f"add_extra_repo repo_url={URL}"),
        ("web", f"https://x.org/{'a' * 600}", "add_extra_repo name=web"),
    ],
)
def test_the_warning_of_a_submodule_suggests_the_call_that_adds_it(tmp_path, path, url, call):
    declared = f'[submodule "web"]\n\tpath = {path}\n\turl = {url}'
    (tmp_path / ".gitmodules").write_text(declared)

    [warning] = missing_submodules(tmp_path, "https://x.org/shop.git")

    assert [step.as_call() for step in warning.steps] == [call]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (["b.png"], "It is a pointer of Git LFS, whose files are not fetched."),
        (
            ["b.png", "c.png"],
            "It is a pointer of Git LFS, whose files are not fetched; 2 files are pointers.",
        ),
    ],
)
def test_pointers_of_git_lfs_are_one_warning_with_their_number(tmp_path, files, reason):
    (tmp_path / ".gitattributes").write_text("*.png filter=lfs diff=lfs merge=lfs -text\n")
    for name in files:
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\nsize 3\n")

    [warning] = large_files(tmp_path)

    assert (warning.file, warning.reason) == ("b.png", reason)
