import json
from typing import Any

from oduflow.adapters.odoo import test_output
from oduflow.adapters.odoo.test_output import RecordReader, new_mark, request_text, run_tests
from oduflow.domain.test_choice import ChosenTests


def test_the_script_reads_what_to_do_from_a_file():
    command = run_tests("/etc/odoo/tests.json")

    assert command.entrypoint[:2] == ("python3", "-c")
    assert command.arguments == ("/etc/odoo/odoo.conf", "/etc/odoo/tests.json")
    asked = json.loads(request_text(ChosenTests(("sale",), "-slow"), ("/mnt/repo/x",), "mark:"))
    assert asked == {
        "tags": "/sale,-slow",
        "modules": ["sale"],
        "only": None,
        "own": ["/mnt/repo/x"],
        "mark": "mark:",
    }


def test_a_record_in_pieces_among_lines_of_a_log_is_read():
    reader = RecordReader("mark:")
    text = json.dumps({"begin": "x"})
    lines = ["a log", f"mark:+{text[:5]}", "more", f"mark:.{text[5:]}", f"mark:.{text}"]

    assert records(reader, lines) == [{"begin": "x"}, {"begin": "x"}]


def test_what_is_no_record_is_left_out_and_the_next_one_is_read():
    reader = RecordReader("mark:")

    assert records(reader, ["mark:.{", "mark:", "mark:.[1]", "mark:.{}"]) == [{}]


def test_a_record_without_an_end_is_not_kept_whole(monkeypatch):
    monkeypatch.setattr(test_output, "MAX_RECORD", 10)
    reader = RecordReader("mark:")

    assert records(reader, ["mark:+123456", "mark:+7890123", 'mark:.{"a": 1}', "mark:.{}"]) == [{}]


def test_every_run_has_a_mark_of_its_own():
    assert new_mark() != new_mark()


def records(reader: RecordReader, lines: list[str]) -> list[Any]:
    read = (reader.read(line) for line in lines if reader.is_part(line))
    return [each for each in read if each is not None]
