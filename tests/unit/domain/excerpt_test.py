from oduflow.domain.excerpt import MAX_OUTPUT, excerpt, one_line


def test_a_text_within_the_limit_stays_as_it_is():
    assert excerpt("x" * MAX_OUTPUT) == "x" * MAX_OUTPUT


def test_of_a_longer_text_head_and_tail_are_kept():
    cut = excerpt("head" + "x" * MAX_OUTPUT + "tail")

    assert len(cut) == MAX_OUTPUT
    assert cut.startswith("head")
    assert cut.endswith("tail")
    assert "\n…\n" in cut


def test_a_text_of_lines_is_cut_between_them():
    lines = [f"line {number}" for number in range(5_000)]

    cut = excerpt("\n".join(lines))

    assert len(cut) <= MAX_OUTPUT
    assert set(cut.split("\n")) <= {*lines, "…"}
    assert cut.startswith(lines[0])
    assert cut.endswith(lines[-1])


def test_a_text_of_one_line_stays_as_it_is():
    assert one_line("“shop” \u00e9 \\n") == "“shop” \u00e9 \\n"


def test_a_text_of_several_lines_becomes_one():
    assert one_line("a\nb\r\x00\x85\u2028c") == r"a\nb\r\x00\x85\u2028c"
