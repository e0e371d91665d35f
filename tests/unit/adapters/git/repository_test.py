from pathlib import Path
from typing import NoReturn

import pytest

from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.errors import Invalid
from tests.support.addresses import resolving


@pytest.mark.parametrize(
    ("url", "branch"),
    [
        ("ext::sh -c id", "main"),
        ("http://git.example/a/b", "main"),
        ("https://user:secret@git.example/a/b", "main"),
        ("https://git.example/a%0ab", "main"),
        ("https://git.example/a/b", "--upload-pack=id"),
    ],
)
def test_a_refused_url_or_branch_asks_no_name_server_and_starts_no_git(
    url: str, branch: str, tmp_path: Path
):
    repositories = GitRepositories(resolve=_never, helper=_never)
    with pytest.raises(Invalid):
        repositories.resolve_branch(url, branch, team="1")
    with pytest.raises(Invalid):
        repositories.checkout(
            url, branch, team="1", git_dir=tmp_path / "git", work_tree=tmp_path / "work"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_private_address_is_refused_before_a_credential_is_chosen():
    repositories = GitRepositories(resolve=resolving("169.254.169.254"), helper=_never)
    with pytest.raises(Invalid):
        repositories.resolve_branch("https://git.example/a/b", "main", team="1")


def _never(*asked: object) -> NoReturn:
    raise AssertionError(asked)
