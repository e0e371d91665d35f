import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.adapters.git.credentials.entries import Entry, choose, format_line, parse_line
from oduflow.adapters.git.urls import parse_url

PASSWORD = "secret"
REMOTE = parse_url("https://github.com/acme/addons.git")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def entry(path: str = "/", user: str = "me", password: str = PASSWORD, **more) -> Entry:
    server = {"scheme": "https", "host": "github.com", "port": 443, **more}
    return Entry(path=path, username=user, password=password, **server)


@given(ANY_TEXT.filter(bool), ANY_TEXT, st.sampled_from(["/", "/acme", "/acme/add%20ons.git"]))
def test_any_user_and_token_is_written_as_one_line_and_read_back(user, password, path):
    written = entry(path, user, password)

    line = format_line(written)

    assert line.isascii()
    assert not set(line) & {*range(0x21), 0x7F}
    assert parse_line(line) == written


@pytest.mark.parametrize("sign", ["\n", "\r", "\0"])
def test_what_gits_protocol_cannot_carry_is_stored_as_one_line_and_never_offered(sign):
    hostile = entry(password=f"a{sign}https://x:y@github.com")

    assert len(format_line(hostile).splitlines()) == 1
    assert choose((hostile,), REMOTE) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"https://me:secret@github.com", entry()),
        (b"https://me:secret@github.com/", entry()),
        (b"https://me:secret@GitHub.com:443/acme/", entry("/acme")),
        (b"https://me:s%40%3a%2fx@github.com", entry(password="s@:/x")),
        (b"http://me:secret@git.lan:8770", entry(scheme="http", host="git.lan", port=8770)),
        (b"https://me:secret@github.com/a%40b", entry("/a@b")),
        (b"https://ghp_x:@github.com", entry(user="ghp_x", password="")),
    ],
)
def test_lines_of_gits_and_of_people_are_read(line, expected):
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"# a comment",
        b"https://github.com",
        b"https://me@github.com",
        b"https://me:secret@github.com\r",
        b"https://me:secret@127.1",
        b"https://me:secret@github.com/a/../b",
        b"https://me:secret@github.com/a%2fb",
        b"https://:@github.com",
        b"ssh://me:secret@github.com",
        b"https://me:%ff@github.com",
        "https://jörg:secret@github.com".encode(),
    ],
)
def test_what_is_no_credential_that_we_could_use_is_none(line):
    assert parse_line(line) is None


def test_the_longest_path_goes_before_a_shorter_and_before_the_whole_host():
    whole, owner, other = entry(), entry("/acme"), entry("/other")
    repository = entry("/acme/addons.git")

    assert choose((repository, owner, whole), REMOTE) is repository
    assert choose((owner, whole, other), REMOTE) is owner
    assert choose((whole, other), REMOTE) is whole
    assert choose((other,), REMOTE) is None


def test_the_user_in_the_url_goes_before_the_path_and_an_unknown_one_excludes_none():
    mine, theirs = entry(user="me"), entry("/acme", user="them")

    def chosen(user: str) -> Entry | None:
        return choose((mine, theirs), parse_url(f"https://{user}@github.com/acme/addons.git"))

    assert chosen("me") is mine
    assert chosen("acme") is theirs


def test_a_path_ends_at_a_slash():
    assert choose((entry("/acm"), entry("/acme/addons.gi"), entry("/acme/add")), REMOTE) is None


@pytest.mark.parametrize("path", ["/acme/addons", "/acme/addons.git"])
@pytest.mark.parametrize("bound", ["/acme/addons", "/acme/addons.git"])
def test_a_path_with_git_at_its_end_and_one_without_are_the_same_repository(bound, path):
    owner, repository = entry("/acme"), entry(bound)

    assert choose((repository, owner), parse_url(f"https://github.com{path}")) is repository
    assert repository.address == entry(path).address


def test_of_two_spellings_of_a_path_the_latest_is_used():
    assert choose((entry("/acme/addons.git"), late := entry("/acme/addons")), REMOTE) is late


def test_what_is_bound_to_a_repository_is_not_for_a_group_of_its_name():
    below = parse_url("https://git.example/acme/addons/secret")

    assert choose((entry("/acme/addons.git", host="git.example"),), below) is None


@pytest.mark.parametrize(
    "more", [{"host": "github.com.evil"}, {"host": "gist.github.com"}, {"port": 8443}]
)
def test_another_server_is_offered_nothing(more):
    assert choose((entry(**more),), REMOTE) is None


def test_plain_http_is_not_offered_what_is_kept_for_https():
    assert choose((entry(scheme="http", port=443),), REMOTE) is None


def test_of_two_that_fit_alike_the_latest_is_used():
    first, second = entry(user="a"), entry(user="b")

    assert choose((first, second), REMOTE) is second


@pytest.mark.parametrize(
    ("user", "password", "shown_user", "shown"),
    [
        ("me", "ghp_abcdefgh", "me", "me:ghp_****"),
        ("me", "hunter2", "me", "me:****"),
        ("ghp_abcdefgh", "", "ghp_****", "ghp_****"),
        ("0123abcd", "x-oauth-basic", "****", "****"),
        ("ghp_abcdefgh", "anything", "ghp_****", "ghp_****:****"),
        ("x-access-token", "ghs_abcdefgh", "x-access-token", "x-access-token:ghs_****"),
    ],
)
def test_a_token_in_place_of_the_user_is_masked(user, password, shown_user, shown):
    made = entry(user=user, password=password)

    assert (made.shown_user, made.shown) == (shown_user, shown)
    assert "secret" not in repr(entry())
    assert "ghp_abcdefgh" not in repr(made)


def test_a_new_token_in_place_of_the_user_replaces_the_old_one():
    assert entry(user="ghp_old", password="").address == entry(user="ghp_new", password="").address


@pytest.mark.parametrize(
    ("more", "authority"),
    [({}, "github.com"), ({"port": 8443}, "github.com:8443"), ({"host": "::1"}, "[::1]")],
)
def test_the_host_is_shown_with_its_port_unless_that_goes_without_saying(more, authority):
    assert entry(**more).authority == authority
