"""One question to an API: where it may go, how long it may take, what is not followed."""

import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, NoReturn

import pytest

from oduflow.adapters.git.loopback_server import LoopbackServer
from oduflow.adapters.providers.api import Api, Unreachable
from oduflow.net.addresses import IPAddress, ResolveFailed
from tests.support.addresses import resolving
from tests.support.fake_provider import Said
from tests.support.tls import make_certificate, tls_in_front

SECRET = {"Authorization": "Bearer ghp_A1b2C3d4E5f6"}


def test_an_answer_is_read(provider, api):
    provider.say("/user", Said(200, {"login": "ada"}, {"X-Thing": "1"}))

    answer = api.get("/user", SECRET)

    assert (answer.status, answer.headers["x-thing"], answer.body) == (200, "1", {"login": "ada"})
    [(_, headers)] = provider.asked
    assert headers["authorization"] == SECRET["Authorization"]
    assert headers["host"] == provider.authority


def test_one_failure_is_asked_again_and_a_second_is_told(provider, api):
    provider.say("/user", Said(502), Said(200, {"login": "ada"}))
    assert api.get("/user", SECRET).body == {"login": "ada"}

    provider.say("/user", Said(503))
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 answers 503"):
        api.get("/user", SECRET)
    assert len(provider.asked) == 4


def test_a_refusal_is_not_asked_again(provider, api):
    provider.say("/user", Said(401, {"message": "Bad credentials"}))
    assert api.get("/user", SECRET).status == 401
    assert len(provider.asked) == 1


def test_a_redirect_is_not_followed(provider, api):
    provider.say("/user", Said(302, headers={"Location": f"{provider.url}/elsewhere"}))
    assert api.get("/user", SECRET).status == 302
    assert [path for path, _ in provider.asked] == ["/user"]


def test_a_server_that_hangs_is_given_up_twice(provider):
    provider.say("/user", Said(200, seconds=1))
    api = Api(provider.url, (provider.authority,), seconds=0.2)
    with pytest.raises(Unreachable, match="does not answer"):
        api.get("/user", SECRET)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'"x"', b"", b"x" * 300_000])
def test_what_is_no_object_is_an_empty_one(provider, api, body):
    provider.say("/user", Said(200, body))
    assert api.get("/user", SECRET).body == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
def test_a_private_address_is_asked_nothing_unless_its_host_is_listed(address):
    api = Api("https://api.example", resolve=resolving(address))
    with pytest.raises(Unreachable, match="not on the public internet"):
        api.get("/user", SECRET)


def test_plain_http_is_for_listed_hosts(provider):
    with pytest.raises(Unreachable, match="https only"):
        Api(provider.url).get("/user", SECRET)
    assert provider.asked == []


def test_a_host_that_is_not_known_is_named():
    def nowhere(*_: object) -> NoReturn:
        raise ResolveFailed

    with pytest.raises(Unreachable, match=r"The name api\.example cannot be resolved"):
        Api("https://api.example", resolve=nowhere).get("/user", SECRET)


def test_the_checked_address_is_dialled_and_no_proxy_or_netrc_means_anything(
    provider, tmp_path, monkeypatch
):
    (tmp_path / ".netrc").write_text("machine api.example login x password y\n")
    for name, value in {
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / ".netrc"),
        "http_proxy": "http://127.0.0.1:1",
        "https_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    port = provider.authority.partition(":")[2]
    provider.say("/user", Said(200, {"login": "ada"}))
    asked: list[str] = []

    def resolve(host: str, _deadline: float) -> tuple[IPAddress, ...]:
        asked.append(host)
        return (ip_address("127.0.0.1"),)

    base = f"http://api.example:{port}"
    answer = Api(base, (f"api.example:{port}",), resolve=resolve).get("/user", SECRET)

    assert (answer.status, asked) == (200, ["api.example"])
    [(_, headers)] = provider.asked
    assert headers["host"] == f"api.example:{port}"
    assert headers["authorization"] == SECRET["Authorization"]


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("api.example", False)])
def test_over_tls_the_certificate_is_the_names_not_the_addresss(provider, tmp_path, name, trusted):
    certificate = make_certificate(tmp_path, "DNS:localhost", "IP:127.0.0.1")
    context = ssl.create_default_context(cafile=str(certificate.file))
    provider.say("/user", Said(200, {"login": "ada"}))
    with tls_in_front(int(provider.authority.partition(":")[2]), certificate) as port:
        base = f"https://{name}:{port}"
        api = Api(base, (name,), resolve=resolving("127.0.0.1"), context=context)
        if trusted:
            assert api.get("/user", SECRET).body == {"login": "ada"}
        else:
            with pytest.raises(Unreachable, match="SSLCertVerificationError"):
                api.get("/user", SECRET)
            assert provider.asked == []


def test_a_body_that_drips_is_given_up():
    stopping = threading.Event()

    def drip(_environ: object, start: Any) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        while not stopping.wait(0.1):
            yield b" "

    server = LoopbackServer(drip)
    server.start()
    try:
        api = Api(f"http://{server.authority}", (server.authority,), seconds=0.4)
        with pytest.raises(Unreachable, match="does not answer"):
            api.get("/user", SECRET)
    finally:
        stopping.set()
        server.stop()
