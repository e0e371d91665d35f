import os

import pytest

from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.output import MAX_CHARACTERS
from oduflow.services.edits import read

ORDER = "sale/models/order.py"
MOUNTED = "/mnt/repo/addons"


def test_a_file_is_shown_with_its_number_of_lines(process):
    shown = process.call("read_file", name="sale", path=ORDER)

    assert shown.data.model_dump() == {
        "path": ORDER,
        "first": 1,
        "lines": 3,
        "total": 3,
        "text": "a = 1\nb = 2\nb = 2",
    }
    assert shown.summary == f"Lines 1 to 3 of 3 of {ORDER}."
    assert (shown.warnings, shown.next, shown.truncated) == ((), (), None)


def test_some_lines_are_shown_as_they_are_indented(process, checkout):
    (checkout / ORDER).write_text("def f():\n    return 1\n\n\n")

    page = process.ok("read_file", name="sale", path=ORDER, offset=2, limit=2)

    assert (page.first, page.lines, page.total, page.text) == (2, 2, 4, "    return 1\n")


def test_a_long_file_names_the_call_for_the_following_lines(process, checkout):
    (checkout / ORDER).write_text("".join(f"{n:09}\n" for n in range(1, 10_001)))

    shown = process.call("read_file", name="sale", path=ORDER)
    [more] = shown.next
    following = process.ok("read_file", **more.arguments)

    assert shown.truncated
    assert len(shown.data.text) <= MAX_CHARACTERS
    assert following.text.startswith(f"{shown.data.lines + 1:09}")


def test_an_endless_line_is_cut(process, checkout):
    (checkout / ORDER).write_text("x" * 100_000 + "\nend\n")

    shown = process.call("read_file", name="sale", path=ORDER)

    assert (shown.data.lines, len(shown.data.text)) == (1, MAX_CHARACTERS)
    assert shown.next[0].arguments["offset"] == 2


def test_an_empty_file_is_empty_and_a_line_after_the_end_is_refused(process, checkout):
    (checkout / ORDER).write_text("")

    assert process.call("read_file", name="sale", path=ORDER).summary == f"{ORDER} is empty."
    with pytest.raises(Invalid, match="has 0 lines, and offset is 2"):
        process.call("read_file", name="sale", path=ORDER, offset=2)


def test_a_binary_file_is_told_and_not_shown(process, checkout):
    (checkout / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")

    with pytest.raises(Invalid, match=r"logo.png is a binary file of 1 KiB: a picture\."):
        process.call("read_file", name="sale", path="logo.png")


def test_line_ends_and_bytes_that_are_not_utf_8_are_told(process, checkout):
    (checkout / ORDER).write_bytes("é\r\nb\r\n".encode("latin-1"))

    shown = process.call("read_file", name="sale", path=ORDER)

    assert shown.data.text == "\N{REPLACEMENT CHARACTER}\nb"
    assert [("CRLF" in told, "UTF-8" in told) for told in shown.warnings] == [
        (True, False),
        (False, True),
    ]


def test_a_file_that_is_too_large_is_refused(process, checkout):
    with (checkout / "huge").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(Invalid, match="huge has 1,099,511,627,776 bytes"):
        process.call("read_file", name="sale", path="huge")


@pytest.mark.parametrize("path", [f"{MOUNTED}/{ORDER}", f"./{ORDER}", "sale//models/order.py"])
def test_a_path_of_a_traceback_is_one_of_the_repository(process, path):
    assert process.ok("read_file", name="sale", path=path).path == ORDER


def test_the_files_of_an_extra_repo_are_read_by_their_path_in_the_container(process):
    mounted = "/mnt/extra/web/web"

    shown = process.ok("read_file", name="sale", path=f"{mounted}/web_grid/__manifest__.py")
    listed = process.ok("list_files", name="sale", path=mounted)
    found = process.ok("search_files", name="sale", path=mounted, pattern="name")

    assert shown.path == f"{mounted}/web_grid/__manifest__.py"
    assert shown.path in listed.files
    assert shown.path in {each.path for each in found.matches}


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../git/config", "/mnt/extra/web/web/../../x", ".git/config", "", "."]
)
@pytest.mark.parametrize("tool", ["read_file", "write_file", "delete_file"])
def test_a_path_outside_of_the_repositories_is_refused(process, tool, path):
    more = {"content": "x"} if tool == "write_file" else {}

    with pytest.raises(Invalid):
        process.call(tool, name="sale", path=path, **more)


@pytest.mark.parametrize("tool", ["read_file", "delete_file", "list_files", "search_files"])
def test_what_does_not_exist_is_not_found(process, tool):
    more = {"pattern": "x"} if tool == "search_files" else {}

    with pytest.raises(NotFound, match="There is no none"):
        process.call(tool, name="sale", path="none/x.py", **more)


def test_files_are_listed_by_path_and_links_with_their_targets(process, checkout):
    (checkout / "link").symlink_to("/etc")

    shown = process.ok("list_files", name="sale")
    python = process.ok("list_files", name="sale", path="sale", glob="models/*.py")

    assert shown.files[:2] == ("README.md", "link -> /etc")
    assert ORDER in shown.files
    assert shown.total == len(shown.files)
    assert python.files == (ORDER,)


def test_a_long_list_is_cut_and_kept_whole(process, checkout):
    for number in range(3000):
        (checkout / f"{number:010}").touch()

    shown = process.call("list_files", name="sale")

    assert shown.truncated
    assert len("\n".join(shown.data.files)) <= read.SHOWN_CHARACTERS
    assert shown.data.total > 3000
    whole = process.ok("read_output", handle=shown.output, grep="0000002999")
    assert whole.text == "0000002999"


def test_a_search_names_file_line_and_text(process):
    shown = process.call("search_files", name="sale", pattern="b = 2")

    assert [(each.path, each.line, each.text) for each in shown.data.matches] == [
        (ORDER, 2, "b = 2"),
        (ORDER, 3, "b = 2"),
    ]
    assert shown.summary == "2 lines with it."
    assert (shown.warnings, shown.truncated) == ((), None)


def test_a_text_is_no_regular_expression_unless_it_is_said_to_be_one(process):
    assert process.ok("search_files", name="sale", pattern="b .*").matches == ()
    found = process.ok("search_files", name="sale", pattern="(?i)^B .*$", regex=True)
    assert len(found.matches) == 2


def test_a_search_is_narrowed_by_folder_file_and_glob(process, checkout):
    (checkout / "b.txt").write_text("b = 2\n")

    def paths(**where):
        found = process.ok("search_files", name="sale", pattern="b = 2", **where)
        return {each.path for each in found.matches}

    assert paths() == {ORDER, "b.txt"}
    assert paths(path="sale") == paths(glob="*.py") == paths(glob="sale/**") == {ORDER}
    assert paths(path="b.txt") == paths(path="b.txt", glob="*.py") == {"b.txt"}


def test_a_wrong_regular_expression_is_refused_with_the_reason(process):
    with pytest.raises(Invalid, match="not a regular expression: unterminated character set"):
        process.call("search_files", name="sale", pattern="[", regex=True)


def test_a_pattern_that_takes_for_ever_is_stopped_and_told(process, checkout, monkeypatch):
    monkeypatch.setattr(read, "SEARCH_SECONDS", 1.0)
    (checkout / "a.txt").write_text("aaa\n")
    (checkout / "b.txt").write_text("a" * 60 + "!\n")

    shown = process.call("search_files", name="sale", pattern="^(a+)+$", regex=True)

    assert [each.path for each in shown.data.matches] == ["a.txt"]
    assert shown.warnings == (
        "It was stopped after 1 seconds: simplify the pattern, or search below a folder.",
    )
    assert shown.summary == "At least 1 line with it."


def test_many_lines_are_cut_and_told(process, checkout):
    (checkout / "many.txt").write_text("needle\n" * 5000)
    (checkout / "wide.txt").write_text(("wide" + "x" * 5000 + "\n") * 190)

    many = process.call("search_files", name="sale", pattern="needle")
    wide = process.call("search_files", name="sale", pattern="wide")

    assert (len(many.data.matches), many.truncated) == (read.MOST_MATCHES, True)
    assert many.summary == "At least 200 lines with it."
    assert wide.truncated
    assert sum(len(each.text) for each in wide.data.matches) <= read.SHOWN_CHARACTERS
    assert "There are more" in wide.warnings[0]


def test_links_special_binary_and_huge_files_are_not_searched(process, checkout, tmp_path):
    (tmp_path / "secret").write_text("needle\n")
    (checkout / "link").symlink_to(tmp_path / "secret")
    (checkout / "folder").symlink_to(tmp_path)
    (checkout / "binary").write_bytes(b"\0needle\n")
    os.mkfifo(checkout / "fifo")
    with (checkout / "huge").open("wb") as file:
        file.write(b"needle\n")
        file.truncate(1 << 40)

    shown = process.call("search_files", name="sale", pattern="needle")

    assert shown.data.matches == ()
    assert shown.warnings == ("1 file larger than 2 MiB or unreadable were left out.",)


def test_a_search_does_not_show_the_servers_paths(process, checkout):
    (checkout / "a.txt").write_text("needle\n")

    shown = process.call("search_files", name="sale", pattern="needle")

    assert str(checkout.parent) not in shown.model_dump_json()


def test_a_line_that_is_not_shown_whole_is_told(process, checkout):
    (checkout / ORDER).write_text("x" * (MAX_CHARACTERS + 1))

    shown = process.call("read_file", name="sale", path=ORDER, limit=1)

    assert shown.truncated
    assert "would lose the rest" in shown.warnings[0]


def test_a_page_that_is_shorter_than_asked_for_names_the_next_call(process, checkout):
    (checkout / ORDER).write_text("".join(f"{n:09}\n" for n in range(1, 10_001)))

    shown = process.call("read_file", name="sale", path=ORDER, limit=9_000)

    assert shown.truncated
    assert shown.next[0].arguments["offset"] == shown.data.lines + 1
