import pytest

from oduflow.domain.submodules import MAX_SUBMODULES, absolute, declared


def test_each_submodule_has_a_path_and_a_url():
    text = '[submodule "web"]\n  path = ./oca/web/\n\turl = "../web.git"\n'
    text += '[submodule "b"]\nPATH=b\nurl = x\n'

    assert list(declared(text)) == [("oca/web", "../web.git"), ("b", "x")]


@pytest.mark.parametrize("path", ["", ".", "a\0b", "../out", "in/../../out", "/etc"])
def test_a_section_whose_path_is_no_folder_of_the_repository_declares_nothing(path):
    assert list(declared(f'[submodule "a"]\npath = {path}\nurl = x\n[submodule "b"]\n')) == []


def test_only_so_many_are_declared():
    text = "".join(f'[submodule "{n}"]\npath = {n}\n' for n in range(MAX_SUBMODULES + 1))

    assert len(list(declared(text))) == MAX_SUBMODULES


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("../web.git", "https://x.org/oca/web.git"),
        ("./web.git", "https://x.org/oca/shop.git/web.git"),
        ("../../other/web", "https://x.org/other/web"),
        ("../../../../web", "https://x.org/web"),
        ("https://y.org/web.git", "https://y.org/web.git"),
        ("git@github.com:OCA/web.git", "git@github.com:OCA/web.git"),
    ],
)
def test_a_relative_url_is_relative_to_the_repositorys(url, whole):
    assert absolute(url, "https://x.org/oca/shop.git") == whole
