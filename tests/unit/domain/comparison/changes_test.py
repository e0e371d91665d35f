import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.domain.comparison import changes
from oduflow.domain.comparison.changes import Describer, clean, lines_of
from oduflow.domain.comparison.records import Difference, Key, RecordDigest, Value

FIELD = Key("ir.model.fields", "res.partner.x")
VIEW = Key("ir.ui.view", "base.form")
PARAMETER = Key("ir.config_parameter", "acme.api_key")
RULE = Key("ir.rule", "#12")


def values(**texts: str) -> dict[str, Value]:
    return {name: Value(text, f"digest of {text}") for name, text in texts.items()}


def changed(key: Key) -> Difference:
    return Difference(key, RecordDigest("1"), RecordDigest("2"))


def test_short_values_are_shown_before_and_after():
    before = values(ttype="char", required="false", store="true")
    after = values(ttype="text", required="true", store="true", help="Why")

    found = Describer().describe(changed(FIELD), before, after)

    assert found is not None
    assert found.details == ("help: not set → Why", "required: false → true", "ttype: char → text")
    assert found.diff == ""


def test_long_values_are_compared_line_by_line():
    lines = [f'  <field name="f{number}"/>' for number in range(20)]
    other = [*lines[:9], '  <field name="new"/>', *lines[10:]]

    found = Describer().describe(
        changed(VIEW), values(arch_db="\n".join(lines)), values(arch_db="\n".join(other))
    )

    assert found is not None
    assert found.diff.splitlines()[:3] == ["--- arch_db", "+++ arch_db", "@@ -8,5 +8,5 @@"]
    assert '-  <field name="f9"/>' in found.diff
    assert '+  <field name="new"/>' in found.diff
    assert "f5" not in found.diff


def test_xml_in_one_line_is_split_between_its_elements():
    assert len(lines_of("<form>" + '<field name="name"/>' * 20 + "</form>")) == 22
    assert lines_of("<p>short</p><p/>") == ["<p>short</p><p/>"]


def test_a_new_record_shows_what_describes_its_kind():
    new = Difference(FIELD, None, RecordDigest("1"))
    there = values(ttype="many2one", relation="res.users", required="false", on_delete="cascade")

    found = Describer().describe(new, None, there)

    assert found is not None
    assert found.details == ("ttype: many2one", "relation: res.users")


def test_a_secret_is_not_shown_but_its_change_is():
    before = {"value": Value("", "1", is_secret=True)}
    after = {"value": Value("", "2", is_secret=True)}

    found = Describer().describe(changed(PARAMETER), before, after)

    assert found is not None
    assert found.details == ("value: **** → **** (changed)",)


def test_a_token_and_the_password_of_a_url_are_masked_wherever_they_are():
    code = "a = 1\ntoken = 'ghp_0123456789abcdef'\nurl = 'https://u:p@host/'"

    found = Describer().describe(
        changed(Key("ir.actions.server", "#1")), values(code="a"), values(code=code)
    )

    assert found is not None
    assert "0123456789" not in found.diff
    assert "u:p" not in found.diff


def test_a_value_that_differs_in_a_translation_alone_says_so():
    found = Describer().describe(
        changed(FIELD), {"help": Value("Why", "1")}, {"help": Value("Why", "2")}
    )

    assert found is not None
    assert found.details == ("help: changed in another language",)


def test_a_record_of_which_no_shown_value_differs_is_left_out():
    assert Describer().describe(changed(FIELD), values(a="1"), values(a="1")) is None


def test_a_record_whose_values_were_not_read_is_shown_by_its_name():
    found = Describer().describe(changed(FIELD), None, None)

    assert found is not None
    assert (found.name, found.details, found.diff) == ("res.partner.x", (), "")


def test_a_record_without_an_external_id_shows_its_label():
    found = Describer().describe(changed(RULE), values(name="Mine"), values(name="Ours"))

    assert found is not None
    assert found.name == "#12 Ours"


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\r", "\u202e", "\u2028", "\x9b", "\ud800"])
def test_characters_that_hide_or_reorder_text_are_escaped(character):
    shown = clean(f"a{character}b\tc\nd")

    assert character not in shown
    assert shown.endswith("b\tc\nd")


def test_texts_that_would_take_too_long_are_not_compared_line_by_line():
    many = "\n".join("x" * (number % 7) for number in range(changes.MOST_LINES + 1))

    found = Describer().describe(changed(VIEW), values(arch_db=many), values(arch_db="y\nz"))
    late = Describer(seconds=-1.0).describe(
        changed(VIEW), values(arch_db="a\nb"), values(arch_db="y\nz")
    )

    assert found is not None
    assert "too much to compare" in found.diff
    assert late is not None
    assert "too much to compare" in late.diff


def test_texts_that_differ_beyond_what_was_read_say_so():
    found = Describer().describe(
        changed(VIEW), {"arch_db": Value("a\nb", "1")}, {"arch_db": Value("a\nb", "2")}
    )

    assert found is not None
    assert "differs after its first 3 characters" in found.diff


@given(st.text(), st.text())
def test_any_two_texts_are_described_in_plain_lines(before, after):
    found = Describer().describe(changed(VIEW), values(arch_db=before), values(arch_db=after))

    shown = "" if found is None else "\n".join((*found.details, found.diff))
    assert not [each for each in shown if ord(each) < 32 and each not in "\n\t"]
