import pytest

from oduflow.domain.errors import Busy, Conflict, Invalid, NotFound, QuotaReached
from oduflow.kernel.locks import LockKey
from oduflow.services.edits import write
from tests.support.memory.process import Process

ORDER = "sale/models/order.py"


def test_a_new_file_is_written_with_its_folders(process, checkout):
    shown = process.call("write_file", name="sale", path="crm/models/lead.py", content="x = 1\n")

    assert (checkout / "crm/models/lead.py").read_text() == "x = 1\n"
    assert shown.data.model_dump() == {"path": "crm/models/lead.py", "size": 6, "created": True}
    assert shown.summary == "crm/models/lead.py is written as a new file, 6 bytes."


@pytest.mark.parametrize("content", ["", "  indented\n\n", "\u00fc\n", "\r\n", " "])
def test_a_content_is_written_as_it_is(process, checkout, content):
    process.ok("write_file", name="sale", path=ORDER, content=content)

    assert (checkout / ORDER).read_bytes() == content.encode()


def test_a_text_that_is_there_once_is_replaced(process, checkout):
    shown = process.ok("write_file", name="sale", path=ORDER, old="a = 1\n", new="  a = 11\n")

    assert (checkout / ORDER).read_text() == "  a = 11\nb = 2\nb = 2\n"
    assert not shown.created


def test_a_text_is_removed_by_an_empty_one(process, checkout):
    process.ok("write_file", name="sale", path=ORDER, old="a = 1\n", new="")

    assert (checkout / ORDER).read_text() == "b = 2\nb = 2\n"


@pytest.mark.parametrize(("old", "count"), [("b = 2", 2), ("c = 3", 0), ("A = 1", 0)])
def test_a_text_that_is_not_there_exactly_once_is_refused_with_the_count(
    process, checkout, old, count
):
    before = (checkout / ORDER).read_text()

    with pytest.raises(Conflict, match=f"is {count} times in {ORDER}"):
        process.call("write_file", name="sale", path=ORDER, old=old, new="x")

    assert (checkout / ORDER).read_text() == before


def test_overlapping_places_do_not_count_twice_but_a_pattern_is_a_text(process, checkout):
    (checkout / ORDER).write_text("a.*b\naxb\n")

    process.ok("write_file", name="sale", path=ORDER, old="a.*b", new="\\1")

    assert (checkout / ORDER).read_text() == "\\1\naxb\n"


def test_a_replacement_keeps_line_ends_and_bytes_that_are_not_utf_8(process, checkout):
    (checkout / ORDER).write_bytes(b"# \xe9\r\na = 1\r\nb = 2\r\n")

    process.ok("write_file", name="sale", path=ORDER, old="a = 1\nb", new="a = 3\nc\nb")

    assert (checkout / ORDER).read_bytes() == b"# \xe9\r\na = 3\r\nc\r\nb = 2\r\n"


def test_nothing_is_replaced_in_a_binary_or_missing_file(process, checkout):
    (checkout / "binary").write_bytes(b"a\0b")

    with pytest.raises(Invalid, match="binary file"):
        process.call("write_file", name="sale", path="binary", old="a", new="b")
    with pytest.raises(NotFound):
        process.call("write_file", name="sale", path="none", old="a", new="b")
    assert not (checkout / "none").exists()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"content": "x", "old": "y", "new": "z"},
        {"old": "x"},
        {"new": "x"},
        {"content": "x", "old": "y"},
        {"content": "x", "new": "y"},
        {"old": "", "new": "x"},
        {"content": "x" * 1_000_001},
        {"content": "\ud800"},
    ],
)
def test_anything_but_a_content_or_one_replacement_is_refused(process, checkout, change):
    with pytest.raises(Invalid):
        process.call("write_file", name="sale", path=ORDER, **change)

    assert (checkout / ORDER).read_text() == "a = 1\nb = 2\nb = 2\n"


def test_a_content_that_becomes_too_large_is_refused(process, checkout, monkeypatch):
    monkeypatch.setattr(write, "WRITTEN_BYTES", 20)

    with pytest.raises(QuotaReached, match="would have"):
        process.call("write_file", name="sale", path=ORDER, content="\u00fc" * 15)


def test_nothing_is_written_to_a_full_disk(world, process, checkout):
    world.disk_minimum = 1 << 62

    with pytest.raises(QuotaReached, match=f"Writing {ORDER} needs"):
        Process(world).call("write_file", name="sale", path=ORDER, content="x")

    assert (checkout / ORDER).read_text() == "a = 1\nb = 2\nb = 2\n"


def test_the_files_of_an_extra_repo_are_not_changed(process):
    path = "/mnt/extra/web/web/web_grid/__manifest__.py"

    for tool, more in (("write_file", {"content": "x"}), ("delete_file", {})):
        with pytest.raises(Invalid, match="belongs to an extra repo"):
            process.call(tool, name="sale", path=path, **more)
    assert "name" in process.ok("read_file", name="sale", path=path).text


def test_a_file_is_deleted_with_the_folders_that_are_empty_then(process, checkout):
    assert process.ok("delete_file", name="sale", path=ORDER).path == ORDER

    assert not (checkout / "sale/models/order.py").exists()
    with pytest.raises(NotFound):
        process.call("delete_file", name="sale", path=ORDER)


def test_a_link_is_deleted_and_what_it_leads_to_stays(process, checkout, tmp_path):
    (tmp_path / "secret").write_text("x")
    (checkout / "link").symlink_to(tmp_path / "secret")

    process.ok("delete_file", name="sale", path="link")

    assert not (checkout / "link").is_symlink()
    assert (tmp_path / "secret").exists()


def test_a_write_waits_for_no_other_work_on_the_environment(process, checkout):
    with process.deps.work.locks.acquire(LockKey.environment("1", "sale"), "a rebuild"):
        for tool, more in (("write_file", {"content": "x"}), ("delete_file", {})):
            with pytest.raises(Busy):
                process.call(tool, name="sale", path=ORDER, **more)
        assert process.ok("read_file", name="sale", path=ORDER).lines == 3
