from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oduflow.domain.errors import Invalid
from oduflow.domain.plain_urls import MAX_LENGTH, read_plain
from oduflow.domain.redirects import (
    LOOPBACK,
    MAX_COUNT,
    PRIVATE_USE_SCHEMES,
    check_redirects,
    destination,
    is_registered,
    is_registrable,
)
from oduflow.settings import CLAUDE_CALLBACKS

WEB = "https://app.example/cb"
REAL = [
    *CLAUDE_CALLBACKS,
    "https://vscode.dev/redirect",
    "http://127.0.0.1:33418/",
    "http://127.0.0.1:33418",
    "http://localhost:6274/oauth/callback/debug",
    "http://localhost/callback",
    "http://[::1]:8080/cb",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "vscode://ms.mcp/cb?x=1",
    "https://app.example:8443/cb?a=%20b&c",
    "https://xn--bcher-kva.example/",
    "https://192.0.2.7/cb",
    "https://[2001:db8::1]/cb",
]
BAD = {
    "javascript": "javascript:alert(1)",
    "javascript with an authority": "javascript://a.example/%0aalert(1)",
    "data": "data:text/html,x",
    "file": "file:///etc/passwd",
    "blob": "blob:https://a.example/1",
    "unknown application": "unknown-app://cb",
    "application without an authority": "cursor:cb",
    "plain http": "http://app.example/cb",
    "plain http in a private network": "http://10.0.0.1/cb",
    "a name that begins like loopback": "http://localhost.evil.example/cb",
    "another loopback address": "http://127.0.0.2/cb",
    "short loopback": "http://127.1/cb",
    "decimal address": "https://2130706433/cb",
    "hexadecimal address": "https://0x7f.1/cb",
    "user information": "https://claude.ai@evil.example/cb",
    "empty user information": "https://@evil.example/cb",
    "fragment": f"{WEB}#x",
    "empty fragment": f"{WEB}#",
    "wildcard in the host": "https://*.example/cb",
    "wildcard in the path": "https://app.example/*",
    "double quote": f'{WEB}"',
    "single quote": f"{WEB}'",
    "angle bracket": f"{WEB}<script>",
    "backslash": "https://evil.example\\@app.example/cb",
    "space": "https://app.example/c b",
    "line feed": f"{WEB}\n",
    "carriage return": f"{WEB}\r\nLocation: x",
    "tab": "https://app\t.example/cb",
    "null byte": f"{WEB}\0",
    "not ASCII": "https://b\u00fccher.example/cb",
    "half a percent escape": f"{WEB}%2",
    "semicolon in the host": "https://app.example;script-src/cb",
    "no host": "https:///cb",
    "no authority": "https:app.example",
    "port 0": "https://app.example:0/cb",
    "port beyond the last": "https://app.example:65536/cb",
    "port that is no number": "https://app.example:https/cb",
    "empty port": "https://app.example:/cb",
    "relative": "/cb",
    "empty": "",
    "overlong": f"{WEB}/{'a' * MAX_LENGTH}",
}
loopback_uris = st.builds(
    lambda host, port, path: f"http://{host}{port}{path}",
    st.sampled_from(sorted(LOOPBACK)),
    st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}")),
    st.sampled_from(["", "/", "/cb", "/cb?x=1", "/cb/"]),
)


def bent(uri: str) -> st.SearchStrategy[str]:
    """Put one character of trouble somewhere into a good URI."""
    return st.builds(
        lambda at, what: f"{uri[:at]}{what}{uri[at:]}",
        st.integers(0, len(uri)),
        st.sampled_from([*"@#*\"'<>\\%:/?[]. \n\t\0é;,", "..", "%0a", "localhost"]),
    )


@pytest.mark.parametrize("uri", REAL)
def test_what_real_clients_register_is_taken_and_leads_back_to_itself_only(uri: str):
    assert check_redirects([uri]) == (uri,)
    assert is_registered(uri, [uri])
    assert not is_registered(f"{uri}x", [uri])


@pytest.mark.parametrize("why", BAD)
def test_is_refused_at_registration_and_would_not_be_followed_later(why: str):
    assert not is_registrable(BAD[why])
    assert not is_registered(BAD[why], [BAD[why]])
    for call in (lambda: check_redirects([WEB, BAD[why]]), lambda: destination(BAD[why])):
        with pytest.raises(Invalid):
            call()


def test_a_refusal_names_the_uri_and_the_setting_that_allows_another_scheme():
    with pytest.raises(Invalid) as refused:
        check_redirects([WEB, "kiro://app/cb"])

    assert "kiro://app/cb" in refused.value.message
    assert "oauth_redirect_schemes" in refused.value.hint
    schemes = PRIVATE_USE_SCHEMES | {"kiro"}
    assert check_redirects([WEB, "kiro://app/cb"], schemes) == (WEB, "kiro://app/cb")
    assert is_registered("kiro://app/cb", ["kiro://app/cb"], schemes)
    assert destination("kiro://app/cb", schemes).shown == "kiro:"


APPLICATION = "com.example.app:/oauth2redirect?from=mcp"


def test_an_applications_scheme_that_is_a_domain_in_reverse_needs_no_authority():
    schemes = PRIVATE_USE_SCHEMES | {"com.example.app"}

    assert check_redirects([APPLICATION], schemes) == (APPLICATION,)
    assert is_registered(APPLICATION, [APPLICATION], schemes)
    assert not is_registered(APPLICATION, ["com.example.app://oauth2redirect?from=mcp"], schemes)
    assert destination(APPLICATION, schemes).shown == "com.example.app:"
    assert str(read_plain(APPLICATION)) == APPLICATION
    assert not is_registrable(APPLICATION)


@pytest.mark.parametrize(
    "uri",
    [
        *("cursor:/cb", "http:/cb", "https:/app.example/cb", "javascript:/a", "file:/etc/passwd"),
        *("com.example.app:cb", "com.example.app:", "com.example.app:///cb", ".app:/cb"),
        *("com.example.app:/c b", "com.example.app:/cb#x", "com..app:/cb", "com.example.app:/<b>"),
    ],
)
def test_any_other_uri_without_an_authority_is_refused(uri):
    schemes = PRIVATE_USE_SCHEMES | {"com.example.app", "com..app"}

    assert not is_registrable(uri, schemes)


@pytest.mark.parametrize("uri", ["https://me:secret@app.example/cb", "x\r\ny://é" + "a" * 999])
def test_a_refusal_shows_no_password_and_no_control_characters(uri: str):
    with pytest.raises(Invalid) as refused:
        check_redirects([uri])

    assert "secret" not in refused.value.message
    assert refused.value.message.isascii()
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 1000


@pytest.mark.parametrize(
    "uris", [None, [], {}, (), WEB, {WEB: 1}, 1, [None], [[WEB]], [WEB] * (MAX_COUNT + 1)]
)
def test_a_client_without_a_list_of_redirect_uris_is_refused(uris: object):
    with pytest.raises(Invalid):
        check_redirects(uris)


@pytest.mark.parametrize(
    ("presented", "registered"),
    [
        ("http://127.0.0.1:1/cb", "http://localhost:1/cb"),
        ("http://localhost:1/cb", "http://127.0.0.1:1/cb"),
        ("http://[::1]:1/cb", "http://127.0.0.1:1/cb"),
        ("http://127.0.0.1:1/other", "http://127.0.0.1:1/cb"),
        ("http://127.0.0.1:1/cb/", "http://127.0.0.1:1/cb"),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:1/cb"),
        ("https://127.0.0.1:1/cb", "http://127.0.0.1:1/cb"),
        ("https://localhost:2/cb", "https://localhost:1/cb"),
        ("https://app.example:8443/cb", WEB),
        ("https://app.example:443/cb", WEB),
        ("https://APP.example/cb", WEB),
        ("https://app.example/CB", WEB),
        ("https://app.example/%63b", WEB),
        ("https://app.example/x/../cb", WEB),
        ("https://app.example.evil.example/cb", WEB),
        ("cursor://other/cb", "cursor://app/cb"),
        ("vscode://app/cb", "cursor://app/cb"),
        (None, WEB),
        (["https://app.example/cb"], WEB),
    ],
)
def test_anything_but_the_port_of_a_loopback_uri_must_be_the_same(
    presented: object, registered: str
):
    assert not is_registered(presented, [registered])


@given(loopback_uris, st.integers(1, 65535))
def test_the_port_of_a_loopback_uri_may_differ(uri: str, port: int):
    parts = urlsplit(uri)
    host = parts.netloc.removesuffix(f":{parts.port}")
    assert is_registered(parts._replace(netloc=f"{host}:{port}").geturl(), [uri])
    assert is_registered(parts._replace(netloc=host).geturl(), [uri])


@given(loopback_uris, loopback_uris)
def test_two_loopback_uris_are_the_same_when_host_path_and_query_are(one: str, other: str):
    first, second = urlsplit(one), urlsplit(other)
    same = (first.hostname, first.path, first.query) == (
        second.hostname,
        second.path,
        second.query,
    )
    assert is_registered(one, [other]) is same


@given(st.one_of(st.text(max_size=60), st.sampled_from(REAL).flatmap(bent)))
@example("http://[::1")
@example("https://[::ffff:127.0.0.1]/cb")
def test_every_accepted_redirect_is_plain_and_leads_to_the_web_or_to_this_machine(uri: str):
    if not is_registrable(uri):
        assert not is_registered(uri, [uri])
        return
    parts = urlsplit(uri)
    assert all("!" <= character <= "~" for character in uri)
    assert not set(uri) & set("\"'<>\\^`{|}*#")
    assert "@" not in parts.netloc
    assert parts.hostname
    if parts.scheme == "http":
        assert parts.hostname in {"127.0.0.1", "::1", "localhost"}
    else:
        assert parts.scheme in {"https", *PRIVATE_USE_SCHEMES}
    assert set(destination(uri).origin).isdisjoint("; ,'*")


@pytest.mark.parametrize(
    ("uri", "shown", "origin", "warning"),
    [
        (WEB, "app.example", "https://app.example", ""),
        ("https://app.example:8443/", "app.example:8443", "https://app.example:8443", ""),
        ("http://127.0.0.1:3/cb", "127.0.0.1:3", "http://127.0.0.1:3", "your own computer"),
        ("http://[::1]:3/cb", "[::1]:3", "http:", "your own computer"),
        ("https://localhost/cb", "localhost", "https://localhost", "your own computer"),
        ("cursor://app/cb", "cursor:", "cursor:", "an application"),
    ],
)
def test_the_person_asked_is_told_where_it_leads_and_warned_when_any_program_could_be_there(
    uri: str, shown: str, origin: str, warning: str
):
    told = destination(uri)
    assert (told.shown, told.origin) == (shown, origin)
    assert warning in told.warning
    assert bool(told.warning) is bool(warning)
