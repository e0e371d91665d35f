import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oduflow.adapters.git.urls import RemoteUrl, parse_url, without_user
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
        (" https://github.com/acme/addons\n", "https://github.com/acme/addons"),
        ("https://dev.example/My Project/_git/x", "https://dev.example/My%20Project/_git/x"),
        ("https://dev.example/Gesti%c3%b3n/x", "https://dev.example/Gesti%C3%B3n/x"),
        ("https://dev.example/Gestión/x", "https://dev.example/Gesti%C3%B3n/x"),
        ("https://dev.example/%7euser/%61%3F'(1)", "https://dev.example/~user/a%3F%27%281%29"),
        ("https://[2606:50C0:0::1]/a/b", "https://[2606:50c0::1]/a/b"),
        ("https://140.82.121.4/a/b", "https://140.82.121.4/a/b"),
    ],
)
def test_one_repository_has_one_spelling(text, clean):
    assert parse_url(text).clean == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop.git"),
        ("git@GitLab.com:/acme/shop", "https://gitlab.com/acme/shop"),
        ("ssh://git@git.example/acme/shop.git", "https://git.example/acme/shop.git"),
        ("git+ssh://git.example:22/acme/shop", "https://git.example/acme/shop"),
        ("ssh://git@ssh.github.com:443/acme/shop.git", "https://github.com/acme/shop.git"),
        (
            "git@ssh.dev.azure.com:v3/acme/My%20Project/s",
            "https://dev.azure.com/acme/My%20Project/_git/s",
        ),
    ],
)
def test_an_ssh_clone_address_is_read_as_its_https_url(text, clean):
    assert parse_url(text).stored == clean


def test_an_ssh_address_with_a_port_is_answered_with_the_https_url_to_complete():
    with pytest.raises(Invalid, match=r"port 2222 of git\.lan is its ssh port") as caught:
        parse_url("ssh://git@git.lan:2222/acme/shop.git")
    assert "https://git.lan/acme/shop.git" in caught.value.hint


def test_an_address_without_a_scheme_is_answered_with_the_whole_url():
    with pytest.raises(Invalid) as caught:
        parse_url("github.com/acme/shop")
    assert caught.value.hint == "Write https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("url", "user", "stored"),
    [
        ("https://acme@dev.azure.com/a/b", "acme", "https://acme@dev.azure.com/a/b"),
        ("https://me%40acme.com@host/a/b", "me@acme.com", "https://me%40acme.com@host/a/b"),
        ("https://@host/a/b", "", "https://host/a/b"),
    ],
)
def test_the_user_of_a_clone_button_is_kept_beside_the_url_that_git_gets(url, user, stored):
    remote = parse_url(url)

    assert (remote.user, remote.stored) == (user, stored)
    assert remote.clean == without_user(stored)
    assert "@" not in remote.clean


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
        "http::http://host/owner/repository",
        "git@host::owner/repository",
        "git@ho/st:owner/repository",
        "ssh://-oProxyCommand=x/owner/repository",
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
        "https://user:secret@host/a/b",
        "https://user:secret@other@host/a/b",
        "https://ghp_secret@host/a/b",
        "https://secret%20%0a@host/a/b",
        "https://0secret0secret0secret0@host/a/b",
        f"https://{'secret-' * 10}@host/a/b",
        "https://:@host/a/b",
    ],
)
def test_a_password_or_a_token_in_a_url_is_refused_and_not_repeated(text):
    with pytest.raises(Invalid) as caught:
        parse_url(text)
    assert "secret" not in caught.value.message + caught.value.hint
    assert [step.operation for step in caught.value.next] == ["setup_repo_auth"]


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\u202e"])
@pytest.mark.parametrize("text", ["h{}ttps://host/a/b", "https://ho{}st/a", "https://host/a{}/b"])
def test_control_characters_are_refused(text, character):
    with pytest.raises(Invalid):
        parse_url(text.format(character))


@pytest.mark.parametrize(
    ("host", "ascii_form"),
    [
        ("hôst", "xn--hst-kna"),
        ("BÜCHER.example:8443", "xn--bcher-kva.example:8443"),
        ("git。日本.jp", "git.xn--wgv71a.jp"),
    ],
)
def test_a_host_name_of_other_letters_becomes_its_ascii_form(host, ascii_form):
    assert parse_url(f"https://{host}/a/b").clean == f"https://{ascii_form}/a/b"


@pytest.mark.parametrize(
    "host", ["☃.net", "hô st", "ü..b", "hô_st", "\uff11\uff12\uff17.1", "hôst\uff0fa", "a@ü\uff05"]
)
def test_what_is_no_host_name_in_other_letters_is_refused(host):
    with pytest.raises(Invalid):
        parse_url(f"https://{host}/a/b")


@pytest.mark.parametrize(
    ("page", "repository"),
    [
        (
            "https://github.com/acme/shop/tree/feature/x",
            "/acme/shop with branch=feature or branch=feature/x",
        ),
        (
            "https://github.com/oca/web/tree/19.0/web_responsive",
            "/oca/web with branch=19.0 or branch=19.0/web_responsive",
        ),
        ("https://github.com/acme/shop/blob/19.0/README.md", "/acme/shop with branch=19.0"),
        (
            "https://github.com/acme/shop/blob/feature/x/README.md",
            "/acme/shop with branch=feature or branch=feature/x",
        ),
        (
            "https://github.com/acme/shop/tree/a/b/c/d",
            "/acme/shop with branch=a or branch=a/b or branch=a/b/c, or more of the path",
        ),
        ("https://github.com/acme/shop/commits/19.0", "/acme/shop with branch=19.0"),
        ("https://github.com/acme/shop/tree", "/acme/shop"),
        ("https://github.com/acme/shop/pull/7/files", "/acme/shop with branch=refs/pull/7/head"),
        ("https://github.com/acme/shop/issues", "/acme/shop"),
        ("https://bitbucket.org/acme/shop/src/main/", "/acme/shop with branch=main"),
        ("https://git.lan/a/b/shop/-/tree/19.0", "/a/b/shop with branch=19.0"),
        (
            "https://git.lan/a/shop/-/merge_requests/3",
            "/a/shop with branch=refs/merge-requests/3/head",
        ),
    ],
)
def test_the_address_of_a_page_is_answered_with_the_repository_and_its_branch(page, repository):
    with pytest.raises(Invalid, match="a page of the git host") as caught:
        parse_url(page)
    assert caught.value.hint.removeprefix("Write https://").partition("/")[2] == repository[1:]


@pytest.mark.parametrize("path", ["group/tree/shop", "a/b/c/blob/shop"])
def test_a_repository_in_deep_folders_of_another_host_is_no_page(path):
    assert parse_url(f"https://git.lan/{path}").path == f"/{path}"


@pytest.mark.parametrize(("mark", "name"), [("?", "query"), ("#", "fragment")])
def test_a_query_or_a_fragment_is_named(mark, name):
    with pytest.raises(Invalid, match=f"has no {name}"):
        parse_url(f"https://host/a/b{mark}tab=readme")


@pytest.mark.parametrize(
    "path",
    [
        "a%0ab",
        "a%0Ab",
        "a%0d/b",
        "a%00",
        "a%7f",
        "a%C3",
        "a%2fb",
        "a%5cb",
        "%2e%2e/b",
        "a%25b",
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
    assert parse_url(remote.stored, ("host",)) == remote
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
    assert "@" not in remote.clean.split("/")[2]
    assert not {"", ".", ".."} & set(remote.path.split("/")[1:])
