"""A stream's iterator, as a WSGI server drives it."""

from oduflow.blueprints.mcp.exchange import Stream


def test_a_stream_yields_the_first_chunk_and_then_the_following_ones() -> None:
    rest = iter([b"b", b"c", None])
    stream = Stream(b"a", lambda: next(rest), lambda: None)

    assert list(stream) == [b"a", b"b", b"c"]


def test_a_stream_that_was_never_started_is_let_go_of_too() -> None:
    closed: list[bool] = []

    Stream(b"a", lambda: None, lambda: closed.append(True)).close()

    assert closed == [True]
