"""A large file over real TLS: cut connections, changed files, redirects, limits."""

import random
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest

from oduflow.domain.errors import Cancelled, Forbidden
from oduflow.net.download import Download, DownloadRefused, NotWritten, TooLarge
from oduflow.net.fetch import FetchFailed
from tests.support.file_server import FileServer, file_server

LOOPBACK = ip_address("127.0.0.1")
CONTENT = random.Random(3).randbytes(3_000_000)  # noqa: S311 - any bytes that do not repeat


def test_a_connection_that_breaks_twice_is_taken_up_where_it_broke(server, download):
    server.cuts = [1_000_000, 700_000]
    pauses: list[float] = []
    download.pause = pauses.append

    assert download.run() == len(CONTENT)

    assert download.target.read_bytes() == CONTENT
    assert len(pauses) == 2
    first, *later = [int(each[6:-1]) if each else 0 for each in server.ranges]
    assert first == 0 < later[0] <= 1_000_000 < later[1] <= 1_700_000


def test_a_file_that_changed_in_between_is_downloaded_anew(server, download):
    server.cuts = [1_000_000]

    def change(_seconds: float) -> None:
        server.content, server.etag = CONTENT[::-1], '"v2"'

    download.pause = change
    download.run()

    assert download.target.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("etag", ["", 'W/"v1"'])
def test_without_a_strong_validator_a_broken_download_begins_anew(server, download, etag):
    server.etag, server.cuts = etag, [1_000_000]
    download.run()

    assert server.ranges == ["", ""]
    assert download.target.read_bytes() == CONTENT


def test_tries_that_bring_nothing_end(server, download):
    server.cuts = [0] * 100
    with pytest.raises(FetchFailed):
        download.run()

    assert len(server.heads) == 8


def test_an_answer_that_says_later_is_tried_again(server, download):
    server.answers = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]

    assert download.run() == len(CONTENT)


def test_a_refusal_is_final(server, download):
    server.answers = [b"HTTP/1.1 403 Expired\r\nContent-Length: 0\r\n\r\n"]
    with pytest.raises(DownloadRefused, match="answers 403 Expired"):
        download.run()
    assert len(server.heads) == 1


def test_every_redirect_is_checked_before_it_is_followed(server, download):
    server.answers = [b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/x\r\n\r\n"]
    with pytest.raises(Forbidden):
        download.run()
    assert len(server.heads) == 1


def test_an_endless_redirect_ends(server, download):
    server.answers = [b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n"] * 20
    with pytest.raises(DownloadRefused, match="more than 5 times"):
        download.run()
    assert len(server.heads) == 6


def test_a_file_above_the_limit_is_refused_by_its_length_and_by_its_bytes(server, download):
    download.max_bytes = 2_999_999
    with pytest.raises(TooLarge):
        download.run()
    assert download.target.stat().st_size == 0

    server.answers = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(CONTENT) + CONTENT
    ]
    with pytest.raises(TooLarge):
        download.run()
    assert download.target.stat().st_size <= 3_000_000


def test_a_body_whose_end_cannot_be_told_from_a_cut_is_refused(server, download):
    server.answers = [b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT[:5000]]

    with pytest.raises(DownloadRefused, match="does not say where the file ends"):
        download.run()


def test_a_body_in_chunks_ends_with_the_last_one(server, download):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1388\r\n" + CONTENT[:5000] + b"\r\n"
    server.answers = [head + chunk, head + chunk + b"0\r\n\r\n"]

    assert download.run() == 5000
    assert len(server.heads) == 2


def test_a_file_that_cannot_be_written_is_no_broken_connection(server, download):
    download.target = Path("/dev/full")
    with pytest.raises(NotWritten) as failed:
        download.run()
    assert isinstance(failed.value.__cause__, OSError)
    assert len(server.heads) == 1


def test_a_cancelled_download_stops(server, download):
    def stop(_done: int, _total: int) -> None:
        raise Cancelled("Stopped on request.")

    download.on_bytes = stop
    with pytest.raises(Cancelled):
        download.run()


def test_an_untrusted_certificate_gets_no_request(server, download):
    download.context = None
    with pytest.raises(FetchFailed):
        download.run()
    assert server.heads == []


@pytest.fixture
def server(tmp_path):
    with file_server(tmp_path, CONTENT) as served:
        yield served


@pytest.fixture
def download(server: FileServer, tmp_path) -> Download:
    def check(url: str):
        if not url.startswith(f"https://files.example:{server.port}/"):
            raise Forbidden("Not from there.")
        return LOOPBACK

    return Download(
        server.url,
        tmp_path / "file",
        check=check,
        max_bytes=len(CONTENT),
        on_bytes=lambda _done, _total: None,
        pause=lambda _seconds: None,
        context=ssl.create_default_context(cafile=str(server.certificate.file)),
        stall_seconds=5,
    )
