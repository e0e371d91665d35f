import io
from datetime import timedelta
from typing import Any, get_args, get_origin

import pytest
from rich.console import Console

from oduflow import bootstrap
from oduflow.cli.render import COLUMNS, progress, render
from oduflow.domain.addons import CheckoutView, CheckoutWarning
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.environment import (
    EnvironmentList,
    EnvironmentLogs,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Kind
from oduflow.domain.extra_repo import PinView
from oduflow.domain.job import JobList
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, ErrorView, Model, Status
from oduflow.domain.sql import SqlView
from oduflow.domain.storage import DiskView, MeasuredSize
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.registry import Registry
from oduflow.services.jobs import job_view
from tests.support.fakes import FakeBootSlots, FakeJobStore, FakeLocks, FakeOutputs
from tests.support.store_rows import environment, job
from tests.support.things import Thing

SHOW = Next.of("get_environment", "shows it", name="sale")
JOBS = Jobs(FakeJobStore(), FakeLocks(), FakeBootSlots(), FakeOutputs())
SHOWN = EnvironmentView.of(environment(modules=("crm", "sale")), "http://localhost:20001/")


def test_the_verdict_comes_first_and_the_next_step_last():
    lines = printed(SHOWN, warnings=("Isolation is reduced.",), next=(SHOW,))

    assert lines[0] == "sale is made."
    assert lines[1] == "warning: Isolation is reduced."
    assert lines[-1] == "next: oduflow call get_environment sale  # shows it"


def test_the_next_step_is_a_command_with_the_options_of_this_one():
    console = Console(file=io.StringIO(), width=80)
    answer = Envelope[Any](status=Status.OK, summary="It is made.", next=(SHOW,))
    render(answer, console, " --url https://oduflow.example.com")
    assert isinstance(console.file, io.StringIO)

    last = console.file.getvalue().splitlines()[-1]
    assert last.startswith("next: oduflow call get_environment sale --url https://oduflow")


def test_the_calls_that_a_row_suggests_are_commands_below_the_table():
    step = Next.of("add_extra_repo", "adds it", name="web")
    warning = CheckoutWarning.of("oca/web/", "It is a submodule.", "Add it.", step)

    lines = printed(CheckoutView(modules=(), warnings=(warning,)))

    assert lines[-1] == "next: oduflow call add_extra_repo web REPO_URL  # adds it"


def test_a_view_is_one_line_a_fact_without_those_that_are_missing():
    lines = [line.split() for line in printed(SHOWN)]

    assert ["name", "sale"] in lines
    assert ["modules", "crm,", "sale"] in lines
    assert not any(line[:1] == ["error"] for line in lines)


def test_what_something_takes_on_disk_is_one_fact_with_units():
    size = MeasuredSize(5 << 20, 3 << 29, now())
    shown = SHOWN.model_copy(update={"disk": DiskView.of(size)})

    assert any(line.strip() == "disk  5 MiB own, 1.5 GiB shared" for line in printed(shown))
    assert any(
        "5 MiB own, 1.5 GiB shared" in line
        for line in piped(EnvironmentList(environments=(shown, SHOWN)))
    )


def test_a_list_is_a_table():
    header, first, *_ = printed(EnvironmentList(environments=(SHOWN, SHOWN)))[1:]

    assert header.split() == ["name", "state", "branch", "template", "url", "created_by"]
    assert first.split() == ["sale", "creating", "main", "base", "http://localhost:20001/", "ada"]


def test_a_column_is_there_when_any_row_has_a_value_for_it():
    failed = SHOWN.model_copy(update={"name": "crm", "url": None})

    header, first, second, *_ = printed(EnvironmentList(environments=(failed, SHOWN)))[1:]

    assert "url" in header
    assert "localhost" not in first
    assert "http://localhost:20001/" in second


def test_a_column_that_no_row_has_a_value_for_is_left_out():
    header = printed(JobList(jobs=(job_view(JOBS, job()),)))[1]

    assert header.split() == ["job", "operation", "target", "status", "created_at", "created_by"]


def test_a_table_says_where_the_fields_are_that_it_leaves_out():
    assert printed(EnvironmentList(environments=(SHOWN,)))[-1] == "`--json` shows every field."
    assert printed({"things": [{"name": "box", "owner": "ada"}]})[-1] == "box   ada"


def test_environments_are_readable_at_80_columns():
    shown = SHOWN.model_copy(update={"name": "pay-by-card", "branch": "pay-by-card"})

    lines = printed(EnvironmentList(environments=(SHOWN, shown)), width=80)

    assert sum("http://localhost:20001/" in line for line in lines) == 2
    assert any(line.startswith("pay-by-card  creating ") for line in lines)
    assert len(lines) <= 6, "one line a row, or two where a branch is long"


def test_a_long_name_cuts_nothing_off():
    shown = SHOWN.model_copy(update={"name": "n" * 39})

    lines = printed(EnvironmentList(environments=(shown,)), width=80)

    assert any(line.startswith("n" * 39) for line in lines)
    assert sum("http://localhost:20001/" in line for line in lines) == 1


def test_a_list_without_chosen_columns_shows_all_in_the_order_of_its_view():
    box = {"name": "box", "owner": None, "size": 3}

    header, first, second = printed({"things": [box, {**box, "name": "bag", "owner": "ada"}]})[1:]

    assert header.split() == ["name", "owner", "size"]
    assert (first.split(), second.split()) == (["box", "3"], ["bag", "ada", "3"])


def test_what_is_a_thing_of_its_own_is_no_cell():
    rows = [{"name": "box", "maker": {"name": "ada"}, "parts": [{"name": "lid"}]}]

    assert printed({"things": rows})[1:] == ["name", "box", "`--json` shows every field."]


@pytest.mark.parametrize("key", COLUMNS)
def test_every_chosen_column_is_a_field_of_a_view(key):
    answers = {operation.result for operation in Registry.discover(bootstrap.OPERATIONS)}
    held = [found.model_fields[key].annotation for found in answers if key in found.model_fields]
    views = [get_args(each)[0] for each in held if get_origin(each) is tuple]

    fields = [view.model_fields.keys() for view in views if issubclass(view, Model)]
    assert any(set(COLUMNS[key]) <= known for known in fields)


def test_the_pins_of_an_environment_are_shown_whole_though_they_are_called_extra_repos():
    pin = PinView(name="oca", branch="19.0", commit="c" * 40)

    lines = printed(SHOWN.model_copy(update={"extra_repos": (pin,)}))

    assert ["oca", "19.0", "c" * 40] in [line.split() for line in lines]


def test_a_failure_is_its_message_its_hint_and_the_lines_that_explain_it():
    error = ErrorView(
        kind=Kind.UPSTREAM,
        message="Not installed: sale.",
        hint="Fix the module, push.",
        output="Traceback:\n  File x\nKeyError: 'x'",
    )
    failed = SHOWN.model_copy(update={"state": EnvironmentState.FAILED, "error": error})

    assert printed(failed)[-5:] == [
        "        error  upstream: Not installed: sale.",
        "               → Fix the module, push.",
        "Traceback:",
        "  File x",
        "KeyError: 'x'",
    ]


def test_the_end_of_a_job_is_shown_as_facts_too():
    error = ErrorView(kind=Kind.CONFLICT, message="It exists already.")
    result = Envelope[Thing](status=Status.FAILED, summary="No.", error=error)

    lines = printed(job_view(JOBS, job(result=result.model_dump(mode="json"))))

    assert "        error  conflict: It exists already." in lines
    assert not any("{" in line for line in lines)


def test_a_log_is_printed_as_it_is():
    log = "2026-03-04 [bold]not markup[/bold] :smile: " + "x" * 300

    lines = printed(EnvironmentLogs(name="sale", lines=1, log=log), width=400)

    assert log in lines


def test_rows_of_a_database_are_lines_with_tabs_below_their_columns():
    found = SqlView(columns=("id", "[red]name"), rows=((1, "a\nb"), (None, True)), next_offset=2)

    lines = printed(found)

    assert lines[1:4] == ["id\t[red]name", "1\ta b", "\tyes"]
    assert lines[4].split() == ["next_offset", "2"]


def test_nothing_of_it_gives_the_terminal_an_order():
    shown = EnvironmentLogs(name="sale", lines=1, log="\x1b[2Jcleared\x9b")

    lines = printed(
        shown, warnings=("\x1b]0;title\x07",), next=(Next.of("get_environment", "\x1bc"),)
    )

    assert "[2Jcleared" in lines
    assert not {"\x1b", "\x07", "\x9b"} & set("".join(lines))


def test_an_empty_answer_is_its_verdict():
    assert printed(EnvironmentList(environments=())) == ["sale is made."]


def test_data_of_a_finished_job_is_shown_as_a_view_is():
    assert printed(SHOWN.model_dump(mode="json")) == printed(SHOWN)


def test_piped_output_is_never_wrapped():
    log = "2026-03-04 " + "x" * 300
    branch = SHOWN.model_copy(update={"branch": "b" * 200})

    assert log in piped(EnvironmentLogs(name="sale", lines=1, log=log))
    assert any(line.endswith("b" * 200) for line in piped(branch))
    assert "warning: " + "w" * 200 in piped(SHOWN, warnings=("w" * 200,))


def test_a_piped_table_has_a_tab_between_its_values_and_a_line_a_row():
    shown = SHOWN.model_copy(update={"name": "n" * 39, "branch": "b" * 200})

    _, header, *rows = piped(EnvironmentList(environments=(SHOWN, shown)))

    assert header.split("\t") == [
        *("name", "state", "branch", "template", "url", "created_by", "disk")
    ]
    assert [len(row.split("\t")) for row in rows] == [6, 6]
    assert rows[1].split("\t")[2] == "b" * 200


def test_a_piped_table_has_the_same_columns_for_all_rows():
    stopped = SHOWN.model_copy(update={"url": None})

    _, header, row, *_ = piped(EnvironmentList(environments=(stopped,)))

    assert header.split("\t") == list(COLUMNS["environments"])
    assert row.split("\t") == ["sale", "creating", "main", "base", "", "ada"]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_fact_that_says_nothing_is_left_out(is_terminal):
    data = {"protected": False, "moved": True, "checkout": {"modules": 2, "more": 0}, "lines": 0}

    lines = printed(data, is_terminal=is_terminal)[1:]

    assert [line.split() for line in lines] == [
        ["moved", "yes"],
        ["checkout", "modules", "2"],
        ["lines", "0"],
    ]


def test_a_row_of_the_audit_trail_says_what_the_call_was_about():
    fields = {"name": "shop", "modules": ["sale", "crm"], "branch": None, "protected": False}
    rows = {"entries": [{"number": 1, "time": "", "operation": "create_x", "fields": fields}]}

    assert piped(rows)[2].split("\t")[3] == "name=shop modules=sale, crm protected=false"


def test_a_time_is_told_from_now_to_people_and_exactly_to_scripts():
    past, future = now() - timedelta(minutes=2, seconds=5), now() + timedelta(days=7, minutes=1)
    data = {"created_at": rfc3339(past), "expires_at": rfc3339(future)}
    rows = {"entries": [{"number": 1, "time": rfc3339(past), "actor": "ada"}]}

    assert [line.split(maxsplit=1)[1] for line in printed(data)[1:]] == ["2 min ago", "in 7 d"]
    assert [line.split()[1] for line in piped(data)[1:]] == list(data.values())
    assert "2 min ago" in printed(rows)[2]
    assert rfc3339(past) in piped(rows)[2].split("\t")


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, ["name", "state", "branch", "template", "url", "created_by"]),
        (80, ["name", "state", "branch", "template", "url"]),
        (64, ["name", "state", "branch", "url"]),
        (40, ["name", "url"]),
        (20, ["name", "url"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_addresses(width: int, columns: list[str]):
    shown = SHOWN.model_copy(
        update={"name": "pay-by-card", "branch": "pay-by-card", "created_by": "octocat"}
    )

    header, *rows, hint = printed(EnvironmentList(environments=(shown,)), width=width)[1:]

    assert header.split() == columns
    assert sum("http://localhost:20001/" in row for row in rows) == 1
    assert hint == "`--json` shows every field."[:width].rstrip() or width < 30


def test_no_two_facts_have_one_label():
    lines = printed({"actor": {"team": "1"}, "environments": {"running": 1}})

    assert [line.strip() for line in lines[1:]] == ["actor team  1", "environments running  1"]


def piped(data: Any, **more: Any) -> list[str]:
    return printed(data, width=80, is_terminal=False, **more)


def printed(data: Any, *, width: int = 300, is_terminal: bool = True, **more: Any) -> list[str]:
    console = Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=is_terminal
    )
    answer = Envelope[Any](status=Status.OK, summary="sale is made.", data=data, **more)
    render(answer, console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_step_that_is_told_again_is_shown_once(capsys):
    with progress("create_environment") as show:
        for step in ("step 1 of 2: checking", "step 1 of 2: checking ", "step 2 of 2: starting"):
            show(step)

    assert capsys.readouterr().err.splitlines() == [
        "create_environment: step 1 of 2: checking",
        "create_environment: step 2 of 2: starting",
    ]
