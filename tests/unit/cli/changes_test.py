import io
from typing import Any

import pytest
from rich.console import Console

from oduflow.cli import changes
from oduflow.cli.changes import print_changes
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, Status
from oduflow.domain.output import OutputPage
from tests.support.diff_ledger import report


def test_a_terminal_shows_the_first_changes_in_colour(terminal):
    made = report("shop")
    view, _ = made.view()
    answer = Envelope[Any](status=Status.OK, summary=made.summary, data=view, output="a" * 12)

    assert print_changes(PagedCaller(), answer) == 0

    shown = terminal.getvalue()
    assert "\x1b[32m+ sale\x1b[0m" in shown
    assert "\x1b[31m- crm\x1b[0m" in shown
    assert "\x1b[32m    +  <b onclick='x'/>\x1b[0m" in shown
    assert "… and 28 more" in shown


def test_control_characters_of_a_database_never_reach_a_terminal(terminal):
    view, _ = report("shop").view()
    data = view.model_dump(mode="json")
    data["sections"][0]["changes"][0]["name"] = "sale\x1b]0;title\x07"
    answer = Envelope[Any](status=Status.OK, summary="s", data=data)

    print_changes(PagedCaller(), answer)

    assert "\x1b]0" not in terminal.getvalue()


def test_a_pipe_gets_the_whole_text_page_by_page(capsys):
    answer = Envelope[Any](status=Status.OK, summary="s", data={}, output="a" * 12)

    print_changes(PagedCaller(), answer)

    assert capsys.readouterr().out == "lines from 1\nlines from 11\nlines from 21\n"


class PagedCaller:
    """A caller that has a text of three pages."""

    options = ""

    def tool(self, name: str) -> Any:
        from oduflow.cli.schemas import local_tool  # noqa: PLC0415 - imports every operation
        from oduflow.kernel.registry import Registry  # noqa: PLC0415

        return local_tool(Registry.discover("oduflow.operations").get(name))

    def call(self, tool: Any, raw: Any, show: Any) -> Envelope[Any]:
        first = int(str(raw.get("lines", "1-10")).partition("-")[0])
        page = OutputPage(handle=raw["handle"], total=30, lines=10, text=f"lines from {first}")
        more = Next.of("read_output", handle=raw["handle"], lines=f"{first + 10}-30")
        following = (more,) if first < 21 else ()
        return Envelope[Any](status=Status.OK, summary="", data=page, next=following)

    def image(self, handle: str) -> bytes | None:
        return None


@pytest.fixture
def terminal(monkeypatch):
    shown = io.StringIO()

    def console():
        return Console(file=shown, force_terminal=True, width=100, color_system="standard")

    monkeypatch.setattr(changes, "Console", console)
    return shown
