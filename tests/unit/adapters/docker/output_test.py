import io

from hypothesis import given
from hypothesis import strategies as st

from oduflow.adapters.docker.output import LONGEST_LINE, read_frames, split_lines


def test_both_streams_are_taken_out_of_their_frames() -> None:
    told = b"\x01\0\0\0\0\0\0\x04out\n" + b"\x02\0\0\0\0\0\0\x04err\n" + b"\x01\0\0"
    assert list(read_frames(io.BytesIO(told))) == [(1, b"out\n"), (2, b"err\n")]


def test_lines_are_put_together_across_chunks() -> None:
    assert lines_of(b"on", b"e\ntw", b"o\r\n\nlast") == ["one", "two", "", "last"]


def test_a_line_of_one_stream_never_ends_up_in_the_other() -> None:
    frames = [(1, b"a long "), (2, b"warning\n"), (1, b"line\n"), (2, b"end"), (1, b"END")]
    assert list(split_lines(frames)) == ["warning", "a long line", "END", "end"]


def test_a_character_cut_in_two_chunks_stays_whole() -> None:
    euro = "€".encode()
    assert lines_of(euro[:1], euro[1:] + b"\n") == ["€"]


def test_what_is_no_text_is_shown_as_such() -> None:
    assert lines_of(b"a\xff\n", b"\xe2") == ["a�", "�"]


def test_a_line_without_an_end_does_not_grow_without_bound() -> None:
    lines = lines_of(*[b"x" * 1_000] * 50)
    assert max(map(len, lines)) == LONGEST_LINE
    assert sum(map(len, lines)) == 50_000


@given(text=st.text(alphabet="ab€\n", max_size=200), size=st.integers(1, 7))
def test_however_the_stream_is_cut_the_lines_are_the_same(text: str, size: int) -> None:
    raw = text.encode()
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    whole = text.split("\n")
    assert lines_of(*chunks) == (whole if whole[-1] else whole[:-1])


def lines_of(*chunks: bytes) -> list[str]:
    return list(split_lines((1, chunk) for chunk in chunks))
