"""How the symbolic links of a repository are followed by their texts."""

import pytest

from oduflow.domain.changes.links import MAX_ALIASES, aliases, real_links, resolved


@pytest.mark.parametrize(
    ("path", "texts", "led"),
    [
        ("a/b", {"a/b": "../c"}, "c"),
        ("a/b/x", {"a": "c", "c/b": "../d"}, "d/x"),
        ("a", {"a": "."}, "."),
        ("a", {"a": "b", "b": "a"}, ""),
        ("a", {"a": "../outside"}, ""),
        ("a", {"a": "/etc/passwd"}, ""),
        ("a/x", {"b": "c"}, "a/x"),
    ],
)
def test_a_link_is_followed_inside_of_the_repository_only(
    path: str, texts: dict[str, str], led: str
) -> None:
    assert resolved(path, texts) == led


def test_a_file_is_reached_by_links_to_it_and_to_the_folders_around_it_and_by_links_to_those() -> (
    None
):
    links = real_links({"x": "a/f", "y": "a", "z": "y", "w": "b"})

    assert {*aliases("a/f", links)} == {"x", "y/f", "z/f"}


def test_a_link_to_a_folder_around_it_has_an_end() -> None:
    links = real_links({"a/up": ".", "b/up": "."} | {f"c{n}": "a" for n in range(60)})

    assert len(aliases("a/f", links)) <= MAX_ALIASES + len(links)
