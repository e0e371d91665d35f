import pytest

from oduflow.cli.failures import exit_on_failure, exit_with_error, failed_envelope
from oduflow.cli.render import print_result
from oduflow.domain.errors import Busy, Conflict, Kind, UpstreamFailed
from oduflow.domain.outcome import ErrorView
from oduflow.settings import parse


def test_a_failure_is_one_line_its_hint_and_the_kinds_exit_code(capsys):
    with pytest.raises(SystemExit) as left, exit_on_failure():
        raise Conflict("“shop” exists already.", "Choose another name.")

    assert left.value.code == 5
    assert capsys.readouterr().err == "conflict: “shop” exists already.\n  → Choose another name.\n"


def test_what_explains_it_comes_first(capsys):
    with pytest.raises(SystemExit), exit_on_failure():
        raise UpstreamFailed("Odoo ended.", output="Traceback\nKeyError: 'x'")

    assert capsys.readouterr().err == "Traceback\nKeyError: 'x'\nupstream: Odoo ended.\n"


def test_what_a_tenant_wrote_gives_the_terminal_no_orders(capsys):
    with pytest.raises(SystemExit), exit_on_failure():
        raise UpstreamFailed("No\x1b]0;title\x07.", "Do\x9b2J.", output="a\tb\n\x1b[31mc")

    assert capsys.readouterr().err == "a\tb\n[31mc\nupstream: No]0;title.\n  → Do2J.\n"


def test_nothing_goes_to_stdout(capsys):
    with pytest.raises(SystemExit), exit_on_failure():
        raise Busy("Another call works on it.", "Wait.", output="log")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("kind", "code"), [(Kind.INVALID, 2), (Kind.BUSY, 75), (Kind.FORBIDDEN, 77)]
)
def test_an_envelopes_error_leaves_with_the_same_codes(kind, code):
    with pytest.raises(SystemExit) as left:
        exit_with_error(ErrorView(kind=kind, message="No."))

    assert left.value.code == code


def test_the_warnings_of_a_failed_job_follow_its_error(capsys):
    with pytest.raises(SystemExit):
        exit_with_error(
            ErrorView(kind=Kind.UPSTREAM, message="No.", hint="Wait."), ("read_output shows more.",)
        )

    assert capsys.readouterr().err == "upstream: No.\n  → Wait.\nwarning: read_output shows more.\n"


def test_every_problem_of_the_configuration_is_told(capsys):
    with pytest.raises(SystemExit) as left, exit_on_failure():
        parse("[server]\nport = 0\nhots = 1\n[team.1]\n")

    said = capsys.readouterr().err
    assert left.value.code == 2
    assert "port" in said
    assert "hots" in said


def test_success_says_nothing(capsys):
    with exit_on_failure():
        pass

    assert capsys.readouterr().err == ""


def test_a_defect_is_not_swallowed():
    with pytest.raises(ZeroDivisionError), exit_on_failure():
        raise ZeroDivisionError


def test_a_failure_names_the_snapshot_from_before(capsys):
    failure = UpstreamFailed("No.")
    failure.snapshot = "before-sql-1"
    failed = failed_envelope(failure)

    with pytest.raises(SystemExit):
        print_result(failed, as_json=False)

    assert capsys.readouterr().err == "upstream: No.\nsnapshot: before-sql-1\n"
