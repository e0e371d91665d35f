"""The guide in docs/proxies.md, tried: its own words as the file of a real nginx with TLS."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.support.instances import PASSWORD, TOKEN, Instance
from tests.support.server import Server, eventually, serving
from tests.support.store_files import stored_bytes

pytestmark = pytest.mark.timeout(120)

HOST = "oduflow.example.com"
TLS_PORT = 8443
GUIDE = Path(__file__).parents[2] / "docs" / "proxies.md"


@pytest.fixture
def server(instance: Instance) -> Iterator[Server]:
    text = instance.config.read_text()
    text = text.replace("[server]", "[server]\ntrusted_proxies = 1")
    text = text.replace("[team.blue]", f'[team.blue]\nhostname = "{HOST}"')
    config = instance.config.with_name("behind.toml")
    config.write_text(text)
    config.chmod(0o600)
    with serving(replace(instance, config=config)) as made:
        yield made


@pytest.fixture
def public(server: Server, tmp_path: Path) -> Iterator[requests.Session]:
    certificate, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={HOST}"
    names = ("-addext", f"subjectAltName=DNS:{HOST}")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(
        ["openssl", *words.split(), *names, *files], check=True, capture_output=True, timeout=30
    )
    conf = tmp_path / "nginx.conf"
    conf.write_text(_conf(server, tmp_path))
    nginx = subprocess.Popen(
        ["/usr/sbin/nginx", "-c", str(conf), "-p", str(tmp_path), "-g", "daemon off;"],
        stderr=subprocess.DEVNULL,
    )
    session = requests.Session()
    session.mount("https://", _Pinned())
    session.trust_env = False  # else $REQUESTS_CA_BUNDLE goes before `verify`
    session.verify = str(certificate)
    session.headers["Host"] = HOST
    try:
        eventually(lambda: _up(session), 20, lambda: _said(session, tmp_path))
        yield session
    finally:
        session.close()
        nginx.terminate()
        nginx.wait(10)


URL = f"https://127.0.0.1:{TLS_PORT}"
BASIC = ("admin", PASSWORD)


def test_rest_works_through_it_and_browsers_are_told_to_stay_on_https(
    public: requests.Session,
) -> None:
    answer = public.get(f"{URL}/api/environments", auth=BASIC)
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_form_from_our_own_page_is_taken_and_one_from_elsewhere_refused(
    public: requests.Session,
) -> None:
    url = f"{URL}/api/environments/absent/stop"
    ours = public.post(url, auth=BASIC, headers={"Origin": f"https://{HOST}"})
    assert ours.status_code == 404
    theirs = public.post(url, auth=BASIC, headers={"Origin": "https://evil.example"})
    assert theirs.status_code == 403


def test_an_unknown_host_is_421(public: requests.Session) -> None:
    answer = public.get(f"{URL}/healthz", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_a_forged_address_is_not_believed(public: requests.Session, server: Server) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    public.post(f"{URL}/api/environments/absent/stop", auth=BASIC, headers=forged)
    assert b"203.0.113.9" not in stored_bytes(server.instance.settings.server.data_dir)


def test_progress_of_an_agents_call_arrives_while_the_call_runs(
    public: requests.Session, server: Server, sample_repository: str
) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "create_environment",
            "arguments": {"name": "streamed", "repo_url": sample_repository},
            "_meta": {
                "progressToken": "p",
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "create_environment",
    }
    with public.post(f"{URL}/mcp", json=body, headers=headers, stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        lines = [line.decode() for line in answer.iter_lines() if line.startswith(b"data:")]
    assert sum("notifications/progress" in line for line in lines) >= 2
    ended = json.loads(lines[-1].removeprefix("data:"))["result"]["structuredContent"]
    if ended["status"] == "running":  # a slow machine: the handle came instead of the result
        ended = server.finished(ended["job"])
    assert ended["status"] == "ok"
    removed = public.delete(
        f"{URL}/api/environments/streamed", auth=BASIC, headers={"Prefer": "wait=30"}
    )
    assert removed.status_code == 200


class _Pinned(HTTPAdapter):
    """Speaks to loopback and checks the certificate for the public name."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, assert_hostname=HOST, server_hostname=HOST, **more)


def _conf(server: Server, folder: Path) -> str:
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    block = (
        found[1]
        .replace("listen 443", f"listen 127.0.0.1:{TLS_PORT}")
        .replace("/etc/ssl/oduflow", str(folder))
        .replace("127.0.0.1:8000", f"127.0.0.1:{server.instance.settings.server.port}")
    )
    return (
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nuser root;\n"
        f"events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {folder};\n"
        f"proxy_temp_path {folder};\n{block}}}\n"
    )


def _said(session: requests.Session, folder: Path) -> str:
    told = folder / "error.log"
    try:
        answer = session.get(f"{URL}/healthz", timeout=5).text
    except requests.RequestException as error:
        answer = repr(error)
    return f"{answer}\n{told.read_text() if told.exists() else ''}"


def _up(session: requests.Session) -> bool:
    try:
        return session.get(f"{URL}/healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False
