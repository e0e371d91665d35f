import pytest

from oduflow.adapters.odoo.addons.unloaded import missing_submodules

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
