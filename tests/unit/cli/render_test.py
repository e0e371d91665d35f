import io
from typing import Any

from rich.console import Console

from oduflow.cli.render import render
from oduflow.domain.environment import EnvironmentList, EnvironmentLogs, EnvironmentView
from oduflow.domain.outcome import Envelope, Status
from tests.support.store_rows import environment

SHOWN = EnvironmentView.of(environment(modules=("crm", "sale")), "http://localhost:20001/")


def test_the_verdict_comes_first_and_the_next_step_last():
    lines = printed(SHOWN, warnings=("Isolation is reduced.",), next=("get_environment name=sale",))

    assert lines[0] == "sale is made."
    assert lines[1] == "warning: Isolation is reduced."
    assert lines[-1] == "next: get_environment name=sale"


def test_a_view_is_one_line_a_fact_without_those_that_are_missing():
    lines = [line.split() for line in printed(SHOWN)]

    assert ["name", "sale"] in lines
    assert ["modules", "crm,", "sale"] in lines
    assert not any(line[:1] == ["error"] for line in lines)


def test_a_list_is_a_table():
    header, first, *_ = printed(EnvironmentList(environments=(SHOWN, SHOWN)))[1:]

    assert header.split()[:4] == ["name", "team", "state", "url"]
    assert first.split()[:4] == ["sale", "1", "creating", "http://localhost:20001/"]


def test_a_log_is_printed_as_it_is():
    log = "2026-03-04 [bold]not markup[/bold] :smile: " + "x" * 300

    lines = printed(EnvironmentLogs(name="sale", lines=1, log=log), width=400)

    assert log in lines


def test_nothing_of_it_gives_the_terminal_an_order():
    shown = EnvironmentLogs(name="sale", lines=1, log="\x1b[2Jcleared\x9b")

    lines = printed(shown, warnings=("\x1b]0;title\x07",), next=("\x1bc",))

    assert "[2Jcleared" in lines
    assert not {"\x1b", "\x07", "\x9b"} & set("".join(lines))


def test_an_empty_answer_is_its_verdict():
    assert printed(EnvironmentList(environments=())) == ["sale is made."]


def test_data_of_a_finished_job_is_shown_as_a_view_is():
    assert printed(SHOWN.model_dump(mode="json")) == printed(SHOWN)


def printed(data: Any, *, width: int = 300, **more: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    answer = Envelope[Any](status=Status.OK, summary="sale is made.", data=data, **more)
    render(answer, console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]
