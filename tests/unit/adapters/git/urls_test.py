import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.domain.errors import Invalid


def test_an_https_url_is_taken_as_written():
    assert parse_url("https://github.com/acme/addons.git") == RemoteUrl(
        clean="https://github.com/acme/addons.git",
        scheme="https",
        host="github.com",
        port=443,
        path="/acme/addons.git",
    )


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("HTTPS://GitHub.COM/Acme/Addons", "https://github.com/Acme/Addons"),
        ("https://github.com:443/acme/addons/", "https://github.com/acme/addons"),
        ("https://git.example:8443/acme/addons", "https://git.example:8443/acme/addons"),
        ("https://dev.example/My%20Project/_git/x", "https://dev.example/My%20Project/_git/x"),
        ("https://git.sr.ht/~user/addons", "https://git.sr.ht/~user/addons"),
        ("https://h/a%5bb", "https://h/a%5Bb"),
        ("https://[2606:50C0:0::1]/a/b", "https://[2606:50c0::1]/a/b"),
        ("https://140.82.121.4/a/b", "https://140.82.121.4/a/b"),
    ],
)
def test_one_repository_has_one_spelling(text, clean):
    assert parse_url(text).clean == clean


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "fd::17",
        "file:///etc/passwd",
        "/srv/repository.git",
        "./repository.git",
        "git://host/owner/repository",
        "ssh://git@host/owner/repository",
        "http::http://host/owner/repository",
        "git@github.com:acme/addons.git",
        "host:owner/repository",
        "-https://host/owner/repository",
        "--upload-pack=touch /tmp/x",
        "//host/owner/repository",
        "https:/host/owner/repository",
        "ftp://host/owner/repository",
        "",
    ],
)
def test_another_protocol_a_path_or_an_option_is_refused(text):
    with pytest.raises(Invalid):
        parse_url(text, ("host",))


@pytest.mark.parametrize(
    "text",
    [
        "https://user@host/a/b",
        "https://user:secret@host/a/b",
        "https://secret-token@host/a/b",
        "https://:@host/a/b",
        "https://good.example@evil.example/a/b",
    ],
)
def test_a_user_or_password_in_a_url_is_refused_and_not_repeated(text):
    with pytest.raises(Invalid) as caught:
        parse_url(text)
    assert "secret" not in caught.value.message + caught.value.hint
    assert "`oduflow call setup_repo_auth -`" in caught.value.hint


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", " ", "é", "\u202e"])
@pytest.mark.parametrize("text", ["{}https://host/a/b", "https://ho{}st/a", "https://host/a{}/b"])
def test_control_and_non_ascii_characters_are_refused(text, character):
    with pytest.raises(Invalid):
        parse_url(text.format(character))


@pytest.mark.parametrize(
    "path",
    [
        "a%0ab",
        "a%0Ab",
        "a%0d/b",
        "a%00",
        "a%7f",
        "a%C3%A9",
        "a%2fb",
        "a%5cb",
        "%2e%2e/b",
        "a%25b",
        "%61",
        "a%2",
        "a%zz",
        "ours/../theirs",
        "ours/./b",
        "a//b",
        "",
        "a\\b",
        "a?x=1",
        "a#b",
        "a/b//",
    ],
)
def test_a_path_with_a_second_meaning_is_refused(path):
    with pytest.raises(Invalid):
        parse_url(f"https://host/{path}")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "github.com.",
        "1.2.3.4.5",
        "256.1.1.1",
        "host.0x",
        "[::1",
        "::1",
        "[fe80::1%25eth0]",
        "[fe80::1%1]",
        "[::1]x",
        "[host]",
        "ho%73t",
        "-host",
        "a..b",
        ".host",
        "",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "host,other",
    ],
)
def test_a_host_in_an_unusual_form_is_refused(host):
    with pytest.raises(Invalid):
        parse_url(f"https://{host}/a/b", (host,))


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "0443", "80:80", "4x", "999999"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(Invalid):
        parse_url(f"https://host:{port}/a/b")


def test_plain_http_is_for_listed_hosts_only():
    assert parse_url("http://git.lan/a", ("git.lan",)).port == 80
    assert parse_url("http://git.lan:8770/a", ("git.lan:8770",)).clean == "http://git.lan:8770/a"
    for allowed in ((), ("git.lan:8771",), ("other.lan",)):
        with pytest.raises(Invalid, match="Plain http"):
            parse_url("http://git.lan:8770/a", allowed)


@given(st.text(max_size=60))
@example("https://host/a")
@example("https://host:1/a@b:c")
def test_any_text_is_refused_or_has_one_clean_form(text):
    try:
        remote = parse_url(text, ("host",))
    except Invalid:
        return
    assert parse_url(remote.clean, ("host",)) == remote
    assert remote.clean.isascii()
    assert remote.clean.isprintable()
    assert "@" not in remote.clean.split("/")[2]


_AUTHORITY_LIKE = st.text(alphabet="ho.st:@[]/%0aA1\\?#-_", max_size=30)


@given(_AUTHORITY_LIKE)
def test_what_passes_holds_no_user_no_escape_in_the_host_and_no_dot_segment(text):
    try:
        remote = parse_url("https://" + text)
    except Invalid:
        return
    assert not set("@%\\?#") & set(remote.host)
    assert not {"", ".", ".."} & set(remote.path.split("/")[1:])
