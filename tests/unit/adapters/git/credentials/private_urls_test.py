import pytest

from oduflow.adapters.git.credentials.private_urls import read_private_url
from oduflow.domain.errors import Invalid

TOKEN = "ghp_A1b2C3d4E5f6G7h8"


@pytest.mark.parametrize(
    ("userinfo", "user", "password"),
    [
        (f"me:{TOKEN}", "me", TOKEN),
        (TOKEN, TOKEN, ""),
        (f"{TOKEN}:x-oauth-basic", TOKEN, "x-oauth-basic"),
        ("me%40example.com:a%3Ab%2Fc%25", "me@example.com", "a:b/c%"),
        ("me:a:b@c", "me", "a:b@c"),
        ("jörg:schlüssel", "jörg", "schlüssel"),
        (":only-a-token", "", "only-a-token"),
    ],
)
def test_user_and_token_are_parted_from_the_clean_url(userinfo, user, password):
    remote, entry = read_private_url(f" https://{userinfo}@GitHub.com/acme/addons.git ", None)

    assert remote.clean == "https://github.com/acme/addons.git"
    assert (entry.username, entry.password, entry.path) == (user, password, "/")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/addons.git",
        f"https://:@github.com/a/{TOKEN}",
        f"me:{TOKEN}@github.com/a",
        f"ssh://me:{TOKEN}@github.com/a/b",
        f"http://me:{TOKEN}@github.com/a/b",
        f"https://me:{TOKEN}/x@github.com/a/b",
        f"https://me:{TOKEN}@127.1/a/b",
        f"https://me:{TOKEN}@github.com/a/../b",
        f"https://me:{TOKEN}%0a@github.com/a/b",
        f"https://me:{TOKEN}%0Dx@github.com/a/b",
        f"https://me:{TOKEN}%00@github.com/a/b",
        f"https://me:{TOKEN}\n@github.com/a/b",
        f"https://me:{TOKEN}%ff@github.com/a/b",
        f"https://me:{TOKEN}@github.com/a%0ab",
        f"-c:{TOKEN}",
    ],
)
def test_anything_else_is_refused_and_nothing_of_it_repeated(url):
    with pytest.raises(Invalid) as caught:
        read_private_url(url, None)

    told: BaseException | None = caught.value
    while told is not None:
        assert TOKEN not in f"{told!s}{told!r}{getattr(told, 'hint', '')}"
        told = told.__cause__


def test_a_raw_slash_in_a_token_is_named_and_no_part_of_it_is_taken_for_the_host():
    with pytest.raises(Invalid, match="not clear where the token ends") as caught:
        read_private_url("https://me:p@ss/w:ord@github.com/acme/addons.git", None)
    assert "%2F" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "bound"),
    [
        (None, "/"),
        ("/", "/"),
        ("acme", "/acme"),
        ("/acme/", "/acme"),
        ("/a/b.git", None),
        ("/acme/addons", "/acme/addons"),
    ],
)
def test_a_credential_may_be_bound_to_a_path_that_its_repository_lies_below(path, bound):
    url = f"https://me:{TOKEN}@github.com/acme/addons.git"
    if bound is None:
        with pytest.raises(Invalid, match="not below the path"):
            read_private_url(url, path)
    else:
        assert read_private_url(url, path)[1].path == bound
