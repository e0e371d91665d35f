"""A large file over a link that breaks, to the real server, which stays as large as it was."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from oduflow.cli.remote.sending import PartSender
from oduflow.cli.remote.target import parse_address
from oduflow.domain.errors import Forbidden, UpstreamFailed
from tests.support.cutting_proxy import cutting_proxy
from tests.support.fakes import BLUE_PASSWORD, BLUE_TOKEN, RED_TOKEN, TWO_TEAMS, basic
from tests.support.quiet_server import QuietServer, quiet_server
from tests.support.tree import ROOT

pytestmark = pytest.mark.timeout(300)
MIB = 1 << 20
SIZE = 200 * MIB
BLOCK = 64 << 10
LINK = "127.0.0.2"  # where the proxy listens, which the server knows as a name of its own
HOSTS = f'[routing]\nexternal_host = "{LINK}"\n{TWO_TEAMS}'


def test_200_mib_over_a_link_that_breaks_twice_arrive_whole(
    server: QuietServer, big: Path, tmp_path: Path
):
    name = begin(server, big)
    before = resident(server)
    notes: list[str] = []
    with cutting_proxy(server.port, 70 * MIB, 150 * MIB, host=LINK) as proxy:
        sender = PartSender(
            parse_address(f"http://{LINK}:{proxy.port}"),
            BLUE_TOKEN,
            name,
            SIZE,
            lambda _done, note: notes.append(note) if note else None,
            pause=lambda _seconds: None,
        )
        sender.send(big)

    assert proxy.cuts == 2
    assert len(notes) >= 2
    assert proxy.passed < SIZE + 12 * MIB, "a broken link costs about one part"
    assert resident(server) - before < 48 * MIB
    stored = list((server.config.parent / "data/team_1/uploads").iterdir())
    assert [path.stat().st_size for path in stored] == [SIZE]
    assert digest(stored[0]) == digest(big)
    assert begun(server, big)["verified"]


def test_a_server_that_is_killed_and_started_again_goes_on_at_what_is_on_disk(
    server: QuietServer, big: Path, tmp_path: Path
):
    name = begin(server, big)
    sender = PartSender(
        parse_address(f"http://127.0.0.1:{server.port}"),
        BLUE_TOKEN,
        name,
        SIZE,
        lambda done, _note: server.process.kill() if done >= 40 * MIB else None,
        pause=lambda _seconds: None,
    )
    with pytest.raises(UpstreamFailed):
        sender.send(big)
    server.process.wait(10)
    with quiet_server(server.config.parent, HOSTS) as again:
        arrived = begun(again, big)["received"]
        assert arrived >= 40 * MIB
        address = parse_address(f"http://127.0.0.1:{again.port}")
        PartSender(address, BLUE_TOKEN, name, SIZE, lambda _done, _note: None).send(big)
        found = begun(again, big)
        assert (found["complete"], found["verified"]) == (True, False)
    (stored,) = (server.config.parent / "data/team_1/uploads").iterdir()
    assert digest(stored) == digest(big)


def test_another_teams_token_and_a_wrong_one_are_told_apart(server: QuietServer, big: Path):
    name = begin(server, big)
    address = parse_address(f"http://127.0.0.1:{server.port}")

    def refused(token: str) -> Exception:
        with pytest.raises(Exception, match=r".") as failure:
            PartSender(address, token, name, SIZE, lambda _done, _note: None).send(big)
        return failure.value

    assert f"no upload “{name}”" in str(refused(RED_TOKEN))
    assert not isinstance(refused("wrong-token-00000000"), Forbidden)


def test_the_example_for_curl_works_and_can_be_repeated(server: QuietServer, tmp_path: Path):
    content = os.urandom(9 * MIB + 17)
    (tmp_path / "shop.zip").write_bytes(content)
    text = (ROOT / "docs/rest.md").read_text("utf-8")
    (script,) = [each for each in re.findall(r"```\n(.*?)```", text, re.DOTALL) if "PATCH" in each]
    script = script.replace("https://oduflow.example.com", f"http://127.0.0.1:{server.port}")
    script = script.replace("~/", shlex.quote(f"{tmp_path}/"))
    environment = {"PATH": os.environ["PATH"], "ODUFLOW_PASSWORD": BLUE_PASSWORD}

    for _ in range(2):
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    (stored,) = (server.config.parent / "data/team_1/uploads").iterdir()
    assert stored.read_bytes() == content


def begun(server: QuietServer, file: Path) -> dict[str, Any]:
    """Begin the upload of a file, or find it again."""
    body = {"size": file.stat().st_size, "sha256": digest(file), "file_name": file.name}
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/uploads",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **basic(BLUE_PASSWORD)},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, see above
        found: dict[str, Any] = json.load(answer)["data"]
    return found


def begin(server: QuietServer, file: Path) -> str:
    return str(begun(server, file)["name"])


def resident(server: QuietServer) -> int:
    """Return the server's resident memory in bytes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 200 MiB with a random block in every MiB."""
    path = tmp_path_factory.mktemp("big") / "shop.zip"
    with path.open("wb") as file:
        file.truncate(SIZE)
        for offset in range(0, SIZE, MIB):
            file.seek(offset)
            file.write(os.urandom(BLOCK))
    return path


@pytest.fixture
def server(tmp_path: Path):
    with quiet_server(tmp_path, HOSTS) as served:
        yield served
