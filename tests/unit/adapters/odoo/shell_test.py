import json

from oduflow.adapters.odoo.shell import ShellOutput, ShellReport, ShellRequest

MARK = "oduflow-shell-1:"


def test_the_code_travels_by_stdin_with_a_mark_of_its_own():
    one, other = ShellRequest.of("print(1)", 1 << 30), ShellRequest.of("print(1)", 1 << 30)

    assert one.mark != other.mark
    assert json.loads(one.stdin) == {"code": "print(1)", "mark": one.mark, "memory": 1 << 30}


def test_the_report_is_taken_out_of_what_was_printed():
    output = f'\n{MARK} {{"loaded": true}}\none\n\ntwo\n{MARK} {{"ok": true, "value": "3"}}\n'

    assert ShellOutput.of(output, MARK) == ShellOutput(
        loaded=True, report=ShellReport(ok=True, value="3"), printed="one\n\ntwo"
    )


def test_code_that_ended_its_process_has_no_report():
    found = ShellOutput.of(f'\n{MARK} {{"loaded": true}}\none', MARK)

    assert (found.loaded, found.report, found.printed) == (True, None, "one")
    assert not ShellOutput.of("one", MARK).loaded


def test_what_another_program_prints_is_no_report():
    output = 'oduflow-shell-2: {"ok": true}\n' + f"{MARK} not json\n{MARK} [1]\n"

    assert ShellOutput.of(output, MARK).report is None


def test_a_report_of_a_failure_has_its_traceback():
    said = {"ok": False, "error": "E: x", "traceback": "T", "committed": True, "signalled": True}

    found = ShellOutput.of(f"{MARK} {json.dumps(said)}", MARK)

    assert found.report == ShellReport(
        ok=False, error="E: x", traceback="T", committed=True, signalled=True
    )
    assert found.printed == ""
