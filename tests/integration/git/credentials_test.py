"""What git is handed, by a real git, from a real server: one entry, to one server, read-only."""

import re
import shlex
import subprocess
import threading
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oduflow.adapters.git import invocation
from oduflow.adapters.git.credentials.entries import Entry, format_line
from oduflow.adapters.git.credentials.file import replace_whole
from oduflow.adapters.git.credentials.store import FILE, Credentials, in_memory_helper
from oduflow.adapters.git.failures import AccessRefused
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.urls import parse_url
from oduflow.domain.errors import NotFound, UpstreamFailed
from tests.support.git_server import PASSWORD, USER
from tests.support.tls import make_certificate, tls_in_front

FILES = {"a": "1"}
TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
PATIENT = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What git's credential protocol can carry: anything but control characters.
CARRIED = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(lambda team: tmp_path / f"team_{team}", lambda _: nullcontext())


@pytest.fixture
def repositories(server, credentials) -> GitRepositories:
    server.repository("addons", {"main": FILES})
    return GitRepositories(
        allowed_hosts=(server.authority,),
        limits=RepositoryLimits(ask_seconds=20),
        helper=credentials.helper,
        describe_credential=credentials.describe,
    )


def entry(server, user: str = USER, password: str = PASSWORD, path: str = "/") -> Entry:
    return Entry("http", "127.0.0.1", server.port, path, user, password)


def read(repositories: GitRepositories, server, path: str = "private/addons.git", team: str = "1"):
    return repositories.resolve_branch(server.url(path), None, team=team).commit


def sent(server) -> set[str]:
    return {request.authorization for request in server.requests if request.authorization}


def fill(helper: str, asked: str, operation: str = "get") -> str:
    """Call a helper as git does."""
    command = f"{helper.removeprefix('!')} {operation}"
    done = subprocess.run(
        ["sh", "-c", command], input=asked, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    return done.stdout


def test_a_good_credential_reads_what_is_private(server, repositories, credentials):
    credentials.keep("1", entry(server))
    assert read(repositories, server) == server.commit("addons", "main")


def test_a_credential_reads_a_whole_checkout_and_is_not_written_to_gits_folder(
    server, repositories, credentials, tmp_path
):
    credentials.keep("1", entry(server))
    repositories.checkout(
        server.url("private/addons.git"),
        "main",
        team="1",
        git_dir=tmp_path / "git",
        work_tree=tmp_path / "work",
    )
    written = [path for name in ("git", "work") for path in (tmp_path / name).rglob("*")]
    assert (tmp_path / "work" / "a").read_text() == "1"
    assert not [path for path in written if path.is_file() and PASSWORD in _text(path)]


@pytest.mark.parametrize("name", ["FETCH_HEAD", "config"])
def test_the_clean_url_is_all_that_git_writes_of_a_remote(
    server, repositories, credentials, tmp_path, name
):
    credentials.keep("1", entry(server))
    url = server.url("private/addons.git")
    git_dir = tmp_path / "git"
    repositories.checkout(url, "main", team="1", git_dir=git_dir, work_tree=tmp_path / "work")
    assert "@" not in (git_dir / name).read_text()


def test_a_wrong_one_is_named_masked_with_the_call_that_mends_it(server, repositories, credentials):
    credentials.keep("1", entry(server, password=TOKEN))
    with pytest.raises(AccessRefused) as caught:
        read(repositories, server)
    told = caught.value
    assert f"refused the credential {USER}:ghp_**** for /private/addons.git" in told.message
    assert [step.operation for step in told.next] == ["setup_repo_auth"]
    assert f"{server.authority}/private/addons.git" in told.hint
    assert TOKEN not in told.message + told.hint + told.output + str(told.__cause__)


def test_where_there_is_none_that_is_said_with_the_call_that_mends_it(server, repositories):
    with pytest.raises(AccessRefused, match="the team has none for it") as caught:
        read(repositories, server)
    assert [step.operation for step in caught.value.next] == ["setup_repo_auth"]
    assert sent(server) == set()


def test_two_teams_with_different_tokens_for_one_host_never_mix(server, repositories, credentials):
    credentials.keep("1", entry(server))
    credentials.keep("2", entry(server, user="other", password="other-password"))
    read(repositories, server, team="1")
    first = sent(server)
    server.requests.clear()
    with pytest.raises(AccessRefused, match=r"other:\*\*\*\*"):
        read(repositories, server, team="2")
    assert len(first) == len(sent(server)) == 1
    assert first.isdisjoint(sent(server))


def test_two_owners_on_one_host_never_mix_when_a_path_is_kept(server, repositories, credentials):
    for owner in ("acme", "other"):
        server.repository(f"{owner}/addons", {"main": {"owner": owner}})
        server.accounts[f"/private/{owner}/"] = (owner, f"{owner}-password")
        path = f"/private/{owner}"
        credentials.keep("1", entry(server, owner, f"{owner}-password", path))
    for owner in ("acme", "other"):
        commit = read(repositories, server, f"private/{owner}/addons.git")
        assert commit == server.commit(f"{owner}/addons", "main")
    server.requests.clear()
    with pytest.raises(AccessRefused, match="the team has none for it"):
        read(repositories, server, "private/addons.git")
    assert sent(server) == set()


def test_a_public_repository_is_read_without_showing_the_credential(
    server, repositories, credentials
):
    credentials.keep("1", entry(server))
    read(repositories, server, "public/addons.git")
    assert sent(server) == set()


def test_a_redirect_takes_no_credential_along(server, repositories, credentials):
    credentials.keep("1", entry(server))
    server.redirect_to = f"http://localhost:{server.port}/"
    with pytest.raises(UpstreamFailed, match="redirects"):
        read(repositories, server, "redirect/addons.git")
    assert sent(server) == set()


def test_a_server_that_answers_401_a_hundred_times_leaves_the_file_as_it_is(
    server, repositories, credentials, tmp_path
):
    file = tmp_path / "team_1" / FILE
    replace_whole(
        file, b"# mine\n" + format_line(entry(server, password="wrong")) + b"\nhttps://a:b@c.d\n"
    )
    before, inode = file.read_bytes(), file.stat().st_ino
    failures = []

    def ask(times: int) -> None:
        for _ in range(times):
            try:
                read(repositories, server)
            except AccessRefused as refused:
                failures.append(refused)

    threads = [threading.Thread(target=ask, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 100
    assert len([each for each in server.requests if each.authorization]) >= 100
    assert (file.read_bytes(), file.stat().st_ino) == (before, inode)


@pytest.mark.parametrize("operation", ["store", "erase", ""])
def test_our_helper_only_gets(server, credentials, tmp_path, operation):
    credentials.keep("1", entry(server))
    helper = credentials.helper("1", parse_url(server.url("a.git"), (server.authority,)))
    assert helper is not None
    file = tmp_path / "team_1" / FILE
    before = file.stat()
    asked = f"protocol=http\nhost={server.authority}\npath=a.git\nusername=x\npassword=y\n"
    assert fill(helper, asked, operation) == ""
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "asked",
    [
        "protocol=http\nhost=evil.example\npath=a.git\n",
        "protocol=https\nhost={authority}\npath=a.git\n",
        "protocol=http\npath=a.git\n",
        "",
    ],
)
def test_our_helper_answers_for_the_server_that_was_checked_and_no_other(
    server, credentials, asked
):
    credentials.keep("1", entry(server))
    helper = credentials.helper("1", parse_url(server.url("a.git"), (server.authority,)))
    assert helper is not None
    assert fill(helper, asked.format(authority=server.authority)) == ""
    good = f"protocol=http\nhost={server.authority}\npath=a.git\n"
    assert PASSWORD in fill(helper, good)


def test_our_helper_says_nothing_when_the_file_is_gone_meanwhile(server, credentials, tmp_path):
    credentials.keep("1", entry(server))
    helper = credentials.helper("1", parse_url(server.url("a.git"), (server.authority,)))
    assert helper is not None
    (tmp_path / "team_1" / FILE).unlink()
    assert fill(helper, f"protocol=http\nhost={server.authority}\n") == ""


@PATIENT
@given(user=CARRIED, password=CARRIED)
def test_git_is_handed_exactly_the_user_and_the_token(credentials, user, password):
    remote = parse_url("https://git.example/acme/addons.git")
    credentials.keep("1", Entry("https", "git.example", 443, "/", user, password))
    helper = credentials.helper("1", remote)
    assert handed(str(helper)) == (user, password)


@PATIENT
@given(user=CARRIED, password=CARRIED)
def test_git_is_handed_exactly_what_is_proven_before_it_is_kept(user, password):
    remote = parse_url("https://git.example/acme/addons.git")
    with in_memory_helper(
        Entry("https", "git.example", 443, "/", user, password), remote
    ) as helper:
        assert handed(helper) == (user, password)


def handed(helper: str) -> tuple[str, str]:
    """Let git itself ask, by git-credential(1)."""
    done = subprocess.run(
        [
            "git",
            *("-c", f"credential.helper={helper}"),
            *("-c", "credential.useHttpPath=true"),
            *("credential", "fill"),
        ],
        input=b"protocol=https\nhost=git.example\npath=acme/addons.git\n\n",
        env={**invocation.local_environment()},
        capture_output=True,
        check=True,
        timeout=30,
    )
    told = dict(line.split("=", 1) for line in done.stdout.decode().split("\n") if line)
    return told["username"], told["password"]


def test_a_credential_is_proven_before_anything_is_kept(server, repositories, tmp_path):
    remote = repositories.remote(server.url("private/addons.git"))
    assert repositories.prove(remote, entry(server), team="1") is True
    assert [path.name for path in tmp_path.iterdir()] == ["server"]


def test_a_public_repository_proves_nothing(server, repositories):
    remote = repositories.remote(server.url("public/addons.git"))
    assert repositories.prove(remote, entry(server, password="wrong"), team="1") is False
    assert sent(server) == set()


@pytest.mark.parametrize(
    ("path", "failure"),
    [("private/addons.git", AccessRefused), ("private/none.git", AccessRefused)],
)
def test_a_wrong_credential_is_not_proven(server, repositories, path, failure):
    remote = repositories.remote(server.url(path))
    with pytest.raises(failure, match=r"reader:ghp_\*\*\*\*"):
        repositories.prove(remote, entry(server, password=TOKEN), team="1")


def test_a_good_credential_for_no_repository_is_not_proven(server, repositories):
    remote = repositories.remote(server.url("private/none.git"))
    with pytest.raises(NotFound, match=r"that reader:\*\*\*\* may read"):
        repositories.prove(remote, entry(server), team="1")


def test_what_a_server_repeats_of_a_credential_is_hidden(server, repositories, credentials):
    credentials.keep("1", entry(server, password="no-known-prefix-0123456789"))
    with pytest.raises(UpstreamFailed) as caught:
        read(repositories, server, "echo/addons.git")
    chain = [caught.value.output, str(caught.value.__cause__), repr(caught.value)]
    assert len(sent(server)) == 1
    encoded = next(iter(sent(server))).removeprefix("Basic ")
    for text in chain:
        assert "no-known-prefix-0123456789" not in text
        assert encoded not in text
    assert "****" in caught.value.output


def test_while_a_credential_is_proven_no_process_and_no_file_shows_it(
    server, repositories, tmp_path
):
    remote = repositories.remote(server.url("hang/addons.git"))
    seen: list[str] = []

    def look() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            seen.extend(_text(process / name) for name in ("cmdline", "environ"))

    with in_memory_helper(entry(server, password=TOKEN), remote) as helper:
        words = shlex.split(helper.removeprefix("!"))
        git = subprocess.Popen(
            ["git", "-c", f"credential.helper={helper}", "ls-remote", remote.clean],
            env=dict(invocation.local_environment(), GIT_ALLOW_PROTOCOL="http"),
            stderr=subprocess.DEVNULL,
        )
        while not server.requests:
            look()
        look()
        git.kill()
        git.wait()
    assert any(remote.clean in text for text in seen)
    assert not any(TOKEN in text or quote(TOKEN) in text for text in seen)
    assert not Path(words[-2]).exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN in _text(path)]


@pytest.mark.parametrize("trusted", [True, False])
def test_over_tls_a_certificate_that_is_not_trusted_gets_no_credential(
    server, credentials, tmp_path, trusted
):
    server.repository("addons", {"main": FILES})
    certificate = make_certificate(tmp_path, "DNS:localhost", "IP:127.0.0.1")
    with tls_in_front(server.port, certificate) as port:
        credentials.keep("1", Entry("https", "localhost", port, "/", USER, PASSWORD))
        repositories = GitRepositories(
            allowed_hosts=(f"localhost:{port}",),
            helper=credentials.helper,
            authorities=certificate.file if trusted else None,
        )
        url = f"https://localhost:{port}/private/addons.git"
        if trusted:
            found = repositories.resolve_branch(url, None, team="1")
            assert found.commit == server.commit("addons", "main")
            credentials.keep("1", Entry("https", "localhost", port, "/", USER, "wrong"))
            with pytest.raises(AccessRefused):
                repositories.resolve_branch(url, None, team="1")
        else:
            with pytest.raises(UpstreamFailed, match="certificate"):
                repositories.resolve_branch(url, None, team="1")
            assert server.requests == []


def test_no_descriptor_is_left_open_by_a_proof(server, repositories):
    remote = repositories.remote(server.url("private/addons.git"))
    repositories.prove(remote, entry(server), team="1")
    before = open_descriptors()
    for _ in range(10):
        repositories.prove(remote, entry(server), team="1")
    assert open_descriptors() == before


def open_descriptors() -> list[str]:
    """Answer what a proof opens: pipes, and memory that holds the secret.

    Sockets and files are those of the git server, which runs in this process.
    """
    kinds = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            kinds.append(str(descriptor.readlink()).partition(":")[0])
    return sorted(kind for kind in kinds if kind in {"pipe", "/memfd"})


def test_gits_command_line_names_the_file_and_the_clean_url_alone(server, credentials):
    credentials.keep("1", entry(server, user="ghp_user-as-token0", password=""))
    helper = credentials.helper("1", parse_url(server.url("a.git"), (server.authority,)))
    assert helper is not None
    assert "ghp_" not in helper
    assert re.search(r"\.git-credentials http://127\.0\.0\.1:\d+/a\.git$", helper)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
