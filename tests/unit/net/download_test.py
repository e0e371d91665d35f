from contextlib import contextmanager
from http.client import HTTPMessage
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from oduflow.domain.errors import Cancelled
from oduflow.net import download as module
from oduflow.net.download import Download, DownloadRefused


def test_a_server_that_sends_byte_by_byte_ends_at_the_limit_of_the_whole_time(download, answer):
    answer([b"x"] * 1000, {"Content-Length": "1000"})
    download.longest_seconds = -1.0

    with pytest.raises(DownloadRefused, match="needs more than"):
        download.run()
    assert download.target.stat().st_size == 1


def test_a_body_whose_end_cannot_be_told_from_a_cut_is_refused(download, answer):
    answer([b"half of it"], {})
    with pytest.raises(DownloadRefused, match="does not say where the file ends"):
        download.run()

    answer([b"all of it"], {}, chunked=True)
    assert download.run() == len(b"all of it")


@pytest.fixture
def answer(monkeypatch):
    def answer(body, headers, *, chunked=False):
        message = HTTPMessage()
        for name, value in headers.items():
            message[name] = value
        parts = iter([*body, b""])
        response = SimpleNamespace(
            status=200,
            headers=message,
            chunked=chunked,
            read1=lambda _size: next(parts),
            isclosed=lambda: True,
        )

        @contextmanager
        def streamed(_request, **_options):
            yield response

        monkeypatch.setattr(module, "streamed", streamed)

    return answer


@pytest.fixture
def download(tmp_path):
    def stop(_seconds):
        raise Cancelled("Stopped.")

    return Download(
        "https://files.example/shop.zip",
        tmp_path / "file",
        check=lambda _url: ip_address("192.0.2.1"),
        max_bytes=1 << 20,
        on_bytes=lambda _done, _total: None,
        pause=stop,
    )
