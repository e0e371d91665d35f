import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from oduflow.adapters.postgres.dump_filter import restricted
from oduflow.domain.errors import Invalid

KEY = "key"
FIRST = b"\\restrict key\n"
HEADER = b"--\n-- PostgreSQL database dump\n--\n\n"
OWN = b"\\restrict Own123\n\n"
BODY = b"SET x = 0;\nCOPY public.a (b) FROM stdin;\n\\restrict Own123\n\\unrestrict Own123\n\\.\n"
END = b"\n--\n-- PostgreSQL database dump complete\n--\n\n"
LAST = b"\\unrestrict Own123\n\n"


def test_the_dump_s_own_pair_is_removed_and_nothing_else():
    expected = FIRST + HEADER + b"\n" + BODY + END

    assert _filtered(HEADER + OWN + BODY + END + LAST) == expected


def test_a_dump_without_a_pair_is_passed_on_as_it_is():
    for dump in (HEADER + BODY + END, BODY, b"", b"SELECT 1", b"--\n-- no end"):
        assert _filtered(dump) == FIRST + dump


def test_a_pair_that_does_not_stand_where_pg_dump_writes_it_stays_and_is_refused_by_psql():
    later = HEADER + b"SET x = 0;\n" + OWN + BODY + END + LAST
    assert _filtered(later) == FIRST + later

    other = HEADER + OWN + BODY + END + b"\\unrestrict Other\n"
    assert _filtered(other).endswith(b"\\unrestrict Other\n")

    early = HEADER + OWN + b"\\unrestrict Own123\n\\! id\n" + BODY + END
    assert b"\\unrestrict Own123\n\\! id\n" in _filtered(early)


def test_ours_is_before_a_comment_that_a_carriage_return_ends():
    attack = b"-- harmless\r\\! id\n" + BODY

    assert _filtered(attack) == FIRST + attack


@pytest.mark.parametrize("own", [OWN, b""])
def test_a_dump_whose_end_is_missing_is_refused(own):
    for dump in (HEADER + own + BODY, HEADER + own + BODY + END.replace(b"complete", b"")):
        with pytest.raises(Invalid, match="last line is missing"):
            _filtered(dump + b"1\ta row\n" * 5000)


def test_a_byte_order_mark_is_removed():
    assert _filtered(b"\xef\xbb\xbf" + BODY) == FIRST + BODY


@given(st.lists(st.integers(1, 60), max_size=30), st.binary(max_size=300))
def test_where_the_chunks_are_cut_makes_no_difference(cuts, middle):
    dump = HEADER + OWN + BODY + middle + END + LAST
    chunks, rest = [], dump
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]

    assert b"".join(restricted([*chunks, rest], KEY)) == _filtered(dump)


@pytest.mark.parametrize(
    "begin",
    [
        b"SET session_replication_role = replica;\n" + HEADER,
        HEADER.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + HEADER,
    ],
    ids=("a setting before it", "carriage returns", "byte order mark"),
)
def test_a_dump_whose_end_is_missing_is_refused_also_behind_settings_or_with_carriage_returns(
    begin,
):
    with pytest.raises(Invalid, match="last line is missing"):
        _filtered(begin + BODY)

    assert _filtered(begin + BODY + END).endswith(BODY + END)


@given(st.binary(max_size=40_000))
@example(HEADER)
def test_no_byte_of_another_dump_is_lost(dump):
    for rows in (b"COPY public.a (b) FROM stdin;\n", b"insert into a values ('\n"):
        body = b"SELECT 1;\n" + rows + dump

        assert _filtered(body) == FIRST + body


@given(st.binary(max_size=40_000))
def test_no_byte_of_a_dump_without_pg_dump_s_first_line_is_lost(dump):
    assume(b"-- PostgreSQL database dump" not in dump)
    body = b"SELECT 1;\n" + dump

    assert _filtered(body) == FIRST + body


def _filtered(dump):
    return b"".join(restricted([dump], KEY))
