from pathlib import Path

import pytest

from oduflow.adapters.git.failures import (
    AccessRefused,
    GitFailed,
    explain,
    redirected,
    unexplained,
)
from oduflow.adapters.git.invocation import RepositoryPaths
from oduflow.adapters.git.urls import parse_url
from oduflow.domain.errors import Failure, NotFound, QuotaReached, UpstreamFailed

REMOTE = parse_url("https://git.example/acme/fsck-error-SSL-certificate")
PLACE = RepositoryPaths(Path("/data/team_1/git"), Path("/data/team_1/work"))
ACCESS = f"fatal: unable to access '{REMOTE.clean}/': "


@pytest.mark.parametrize(
    ("text", "failure", "words"),
    [
        ("fatal: couldn't find remote ref refs/heads/x", NotFound, "no such branch"),
        (f"fatal: repository '{REMOTE.clean}/' not found", NotFound, "no repository /acme"),
        (ACCESS + "The requested URL returned error: 403", AccessRefused, "credential"),
        ("fatal: Authentication failed for 'https://x'", AccessRefused, "credential"),
        (ACCESS + "The requested URL returned error: 301", UpstreamFailed, "redirects"),
        (ACCESS + "server certificate verification failed.", UpstreamFailed, "certificate"),
        (ACCESS + "Operation too slow. Less than 1000 bytes/sec", UpstreamFailed, "stalled"),
        (ACCESS + "Failed to connect to git.example port 443", UpstreamFailed, "cannot be reached"),
        (ACCESS + "The requested URL returned error: 429", UpstreamFailed, "answers HTTP 429 for"),
        (ACCESS + "The requested URL returned error: 503", UpstreamFailed, "answers HTTP 503 for"),
        (
            ACCESS + "SSL: no alternative certificate subject name matches target host name 'x'",
            UpstreamFailed,
            "is one of another host name",
        ),
        (
            ACCESS + "SSL certificate problem: certificate has expired",
            UpstreamFailed,
            "has expired",
        ),
        (
            ACCESS + "gnutls_handshake() failed: The TLS connection was non-properly terminated.",
            UpstreamFailed,
            "git.example breaks off the TLS handshake",
        ),
        (
            "error: refs/x^{commit}: expected commit type, but it is a tree",
            NotFound,
            "tag of a file or a folder",
        ),
        (
            ACCESS + "gnutls_handshake() failed: An unexpected TLS packet was received.",
            UpstreamFailed,
            "git.example answers in plain http",
        ),
        (
            ACCESS + "error:0A00010B:SSL routines::wrong version number",
            UpstreamFailed,
            "git.example answers in plain http",
        ),
        (
            "fatal: dumb http transport does not support shallow capabilities",
            UpstreamFailed,
            "plain files",
        ),
        ("fatal: remote error: upload-pack: not our ref 1111", NotFound, "no such commit"),
        ("fatal: fsck error in packed object", UpstreamFailed, "git's own check refuses"),
        ("fatal: write error: No space left on device", QuotaReached, "disk is full"),
        ("fatal: sha1 file 'x' write error. Out of diskspace", QuotaReached, "disk is full"),
    ],
)
def test_gits_words_become_a_failure_that_says_what_to_do(
    text: str, failure: type[Failure], words: str
):
    named = explain(GitFailed(128, text), REMOTE, PLACE)
    assert type(named) is failure
    assert words in named.message
    assert named.hint


def test_an_unknown_message_of_git_is_not_explained():
    cause = GitFailed(128, "fatal: something new")
    assert explain(cause, REMOTE, PLACE) is None
    assert "fatal: something new" in unexplained(cause, REMOTE, PLACE).output


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("/acme/shop.git/info/refs?service=git-upload-pack", "https://git.example/acme/shop.git"),
        ("https://GIT.example:443/a/info/refs", "https://git.example/a"),
        ("https://git.example:8443/a/info/refs", "https://git.example:8443/a"),
        ("http://git.example/a/info/refs", None),
        ("https://git.example.evil/a/info/refs", None),
        ("https://git.example@evil/a/info/refs", None),
        ("//evil/a/info/refs", None),
        ("/users/sign_in", None),
    ],
)
def test_only_a_redirect_to_a_repository_of_the_same_server_is_followed(location, followed):
    named = redirected(location, REMOTE)

    assert named is not None
    assert (named.target.clean if named.target else None) == followed


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_redirect_to_another_server_is_named(scheme):
    named = redirected(f"{scheme}://user:secret@other.example/a/b.git/info/refs", REMOTE)

    assert named is not None
    assert named.message.endswith(f" to {scheme}://other.example/a/b.git.")
    assert named.target is None


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "/a//b/info/refs", "ht\x00tp:"])
def test_a_redirect_to_no_url_of_a_repository_is_left_to_gits_message(location):
    assert redirected(location, REMOTE) is None


def test_a_server_cannot_choose_the_failure():
    text = "remote: No space left on device\nremote: error: 404\nfatal: something new"
    assert explain(GitFailed(128, text), REMOTE, PLACE) is None


def test_the_servers_own_paths_are_not_shown():
    shown = unexplained(
        GitFailed(128, "fatal: /data/team_1/git/index.lock exists"), REMOTE, PLACE
    ).output
    assert shown == "fatal: …/index.lock exists"
