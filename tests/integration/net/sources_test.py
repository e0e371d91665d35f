"""Sources of an import: uploads, files of allowed folders, URLs of allowed hosts."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import (
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    UpstreamFailed,
)
from oduflow.domain.upload import CreateUpload
from oduflow.kernel.call import Call, Origin
from oduflow.services.live_settings import LiveSettings
from oduflow.services.templates import downloads, sources
from oduflow.services.uploads.create import ensure_upload
from oduflow.services.uploads.receive import UploadReceiver
from tests.support.file_server import ADDRESS, file_server
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld

CONTENT = b"PK" + bytes(range(256)) * 8000


def test_an_upload_is_read_and_removed_once_it_was_used(deps, uploaded):
    with sources.resolve(deps, agent(), "1", f"upload:{uploaded}") as path:
        assert path.read_bytes() == CONTENT

    assert deps.store.uploads.all() == ()
    assert list(deps.work.uploads.stored("1")) == []


def test_an_upload_of_an_import_that_failed_is_kept(deps, uploaded):
    with (
        pytest.raises(Invalid),
        sources.resolve(deps, agent(), "1", f"upload:{uploaded}"),
    ):
        raise Invalid("Not a dump.")

    assert [row.name for row in deps.store.uploads.all()] == [uploaded]


def test_an_upload_is_verified_before_it_is_read_if_the_server_restarted(deps, uploaded):
    row = deps.store.uploads.get("1", uploaded)
    deps.store.uploads.update(row.id, verified=False)
    path = deps.work.uploads.path("1", row.id)
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with (
        pytest.raises(Invalid, match="has the SHA-256"),
        sources.resolve(deps, agent(), "1", f"upload:{uploaded}"),
    ):
        pass
    assert deps.store.uploads.get("1", uploaded).received == 0


def test_an_unfinished_upload_and_one_of_another_team_are_refused(deps, uploaded):
    row = deps.store.uploads.get("1", uploaded)
    deps.store.uploads.update(row.id, received=5)

    with pytest.raises(Conflict, match=f"5 of {len(CONTENT)} bytes"):
        enter(deps, f"upload:{uploaded}")
    with pytest.raises(NotFound):
        enter(deps, f"upload:{uploaded}", agent("2"))


def test_a_file_below_an_allowed_folder_is_read_in_place(deps, folder):
    (folder / "shop.zip").write_bytes(CONTENT)

    with sources.resolve(deps, agent(), "1", str(folder / "shop.zip")) as path:
        assert path.read_bytes() == CONTENT
    assert (folder / "shop.zip").exists()


@pytest.mark.parametrize("text", ["{out}", "{folder}/../out.zip", "{folder}/link", "/etc/passwd"])
def test_a_path_that_leads_elsewhere_is_refused(deps, folder, tmp_path, text):
    (tmp_path / "out.zip").write_bytes(CONTENT)
    (folder / "link").symlink_to(tmp_path / "out.zip")

    with pytest.raises(Forbidden, match="import_folders"):
        enter(deps, text.format(folder=folder, out=tmp_path / "out.zip"))


def test_the_command_line_reads_any_file_of_its_user(deps, tmp_path):
    (tmp_path / "out.zip").write_bytes(CONTENT)
    operator = Call(Actor("1", ActorKind.CLI, "root"), Origin("cli"))

    with sources.resolve(deps, operator, "1", str(tmp_path / "out.zip")) as path:
        assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shop.zip", "not an absolute path"),
        ("http://files.example/x", "https only"),
        ("ftp://files.example/x", "https only"),
        ("file:///etc/passwd", "https only"),
        ("https://user:secret@files.example/x", "a user or a password"),
        ("https:///x", "not an https URL"),
        ("https://[::1/x", "not an https URL"),
    ],
)
def test_other_texts_are_refused_without_showing_a_secret(deps, text, said):
    with pytest.raises(Invalid, match=said) as refused:
        enter(deps, text)
    assert "secret" not in str(refused.value)


def test_a_url_of_a_host_that_is_not_listed_gets_no_request(deps):
    with pytest.raises(Forbidden, match=r"not imported from 169\.254\.169\.254"):
        enter(deps, "https://169.254.169.254/latest")


def test_a_url_of_a_listed_host_is_downloaded_over_two_broken_connections(
    deps, tmp_path, monkeypatch
):
    monkeypatch.setattr(downloads, "_pause", lambda _call, _seconds: None)
    with file_server(tmp_path, CONTENT) as server:
        server.cuts = [900_000, 500_000]
        signed = f"{server.address_url}?sig=hidden"
        with sources.resolve(listing(deps, server), agent(), "1", signed) as path:
            assert path.read_bytes() == CONTENT
            folder = path.parent
        assert not folder.exists()
        assert any("%" in line for line in LINES)
        assert not any("hidden" in line for line in LINES)

        server.answers = [b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"]
        with pytest.raises(Failure, match="answers 403 No") as refused:
            enter(listing(deps, server), signed)
        assert "hidden" not in str(refused.value)


def test_a_download_above_the_teams_limit_is_refused(deps, tmp_path):
    with file_server(tmp_path, CONTENT) as server:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {60 << 30}\r\n\r\n"
        server.answers = [head.encode()]
        with pytest.raises(Failure, match="61440 MiB"):
            enter(listing(deps, server), server.address_url)


def test_a_certificate_that_is_not_trusted_is_named_at_once(deps, tmp_path):
    with file_server(tmp_path, CONTENT) as server:
        untrusting = listing(deps, server)
        own = untrusting.settings.server.model_copy(update={"ca_bundle": None})
        settings = untrusting.settings.model_copy(update={"server": own})
        with pytest.raises(UpstreamFailed, match=r"127\.0\.0\.1 is not trusted"):
            enter(replace(deps, live=LiveSettings(settings)), server.address_url)
    assert server.heads == []


def test_a_name_that_cannot_be_resolved_is_named_after_some_tries(deps, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(downloads, "_pause", lambda _call, seconds: pauses.append(seconds))
    storage = deps.settings.storage.model_copy(update={"import_hosts": ("files.invalid",)})
    settings = deps.settings.model_copy(update={"storage": storage})

    with pytest.raises(UpstreamFailed, match=r"files\.invalid cannot be resolved"):
        enter(replace(deps, live=LiveSettings(settings)), "https://files.invalid/shop.zip")
    assert len(pauses) == 7


def enter(deps, source, call=None):
    with sources.resolve(deps, call or agent(), "1" if call is None else call.actor.team, source):
        raise AssertionError("resolved")


def agent(team: str = "1") -> Call:
    LINES.clear()
    actor = Actor(team, ActorKind.TOKEN, "auth_token")
    return Call(actor, Origin("mcp"), _report=lambda progress: LINES.append(progress.message))


LINES: list[str] = []


def listing(deps, server):
    """List a server's host, resolve it to loopback, and trust its certificate."""
    settings = deps.settings
    storage = settings.storage.model_copy(update={"import_hosts": (f"{ADDRESS}:{server.port}",)})
    own = settings.server.model_copy(update={"ca_bundle": server.certificate.file})
    changed = settings.model_copy(update={"storage": storage, "server": own})
    return replace(deps, live=LiveSettings(changed))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "imports"
    made.mkdir()
    return made


@pytest.fixture
def deps(tmp_path: Path, folder: Path):
    world = MemoryWorld(tmp_path)
    process = Process(world)
    settings = process.deps.settings
    storage = settings.storage.model_copy(update={"import_folders": (folder,)})
    yield replace(process.deps, live=LiveSettings(settings.model_copy(update={"storage": storage})))
    world.close()


@pytest.fixture
def uploaded(deps) -> str:
    work = deps.work
    receiver = UploadReceiver(
        *(deps.store.uploads, work.uploads, work.locks), lambda _team: None, lambda _team: None
    )
    digest = hashlib.sha256(CONTENT).hexdigest()
    args = CreateUpload(size=len(CONTENT), file_name="shop.zip", sha256=digest)
    view = ensure_upload(deps, agent(), args).data
    receiver.append("1", view.name, 0, io.BytesIO(CONTENT), len(CONTENT))
    return view.name
