from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.cli.shortcuts import added_lines
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.environment import GetEnvironmentLogs
from oduflow.domain.excerpt import MAX_OUTPUT
from oduflow.domain.odoo_log import READINESS_PATH
from oduflow.domain.plan import Naming
from oduflow.kernel.call import Call, Origin
from oduflow.operations.environments.logs import OWN_LINES, get_environment_logs
from tests.support.parts import deps_of
from tests.support.store_rows import environment

CALL = Call(Actor("1", ActorKind.CLI, "ada"), Origin("cli"))
RECORD = "2026-03-04 05:06:07,890 1 ERROR shop odoo: "


def test_the_last_lines_are_shown():
    shown = logs("one\ntwo\nthree", lines=2)

    assert (shown.data.log, shown.data.lines) == ("two\nthree", 2)
    assert shown.summary == "2 lines of sale's log."
    assert shown.warnings == ()


@pytest.mark.parametrize("own", [5, OWN_LINES - 1, OWN_LINES, 500])
def test_requests_of_the_product_do_not_take_the_place_of_lines(own):
    """They wait for an Odoo that starts, so there are many of them just after a start."""
    text = "\n".join(["one", "two", "three", *[f'"GET {READINESS_PATH} HTTP/1.1" 200'] * own])

    assert logs(text, lines=2).data.log == "two\nthree"


def test_little_more_is_asked_for_than_is_shown():
    assert asked(lines=7) == 7 + OWN_LINES


def test_a_filter_looks_further_back():
    assert asked(lines=7, grep="x") == asked(lines=7, level="error") > 2000


def test_an_empty_log_has_no_lines():
    assert logs("").data.lines == 0


def test_a_filter_that_nothing_passes_shows_nothing():
    assert logs("one\ntwo", grep="three").data.log == ""


def test_a_long_log_is_cut_at_a_line_and_says_so():
    shown = logs("\n".join(f"{n:06}" + "x" * 94 for n in range(1000)), lines=2000)

    assert len(shown.data.log) <= MAX_OUTPUT
    assert shown.data.log.splitlines()[0][:6].isdigit()
    assert shown.data.log.splitlines()[-1].startswith("000999")
    assert "narrow it" in shown.warnings[0]


def test_of_one_endless_line_the_beginning_and_the_end_are_shown():
    shown = logs("x" * (MAX_OUTPUT * 2) + "end")

    assert len(shown.data.log) == MAX_OUTPUT
    assert shown.data.log.endswith("end")


def test_a_log_that_is_followed_is_shown_to_its_end_without_a_gap_and_never_stored():
    before = [f"{n:06}" + "x" * 108 for n in range(200)]
    first = logs("\n".join(before), follow=True)
    second = logs("\n".join([*before[1:], "new"]), follow=True)

    assert first.truncated
    assert (first.output, first.warnings) == ("", ())
    assert 7_800 < len(first.data.log) <= MAX_OUTPUT
    assert first.data.log.splitlines() == before[-len(first.data.log.splitlines()) :]
    assert added_lines(first.data.log.splitlines(), second.data.log.splitlines()) == ["new"]


@pytest.mark.parametrize("end", ["", "\n"])
def test_of_one_endless_line_that_is_followed_the_end_is_shown(end):
    shown = logs("x" * (MAX_OUTPUT * 2) + "end" + end, follow=True)

    assert len(shown.data.log) == MAX_OUTPUT
    assert shown.data.log.endswith("end")


def test_a_level_keeps_a_whole_record():
    shown = logs(f"{RECORD}broken\nTraceback\n{RECORD.replace('ERROR', 'INFO')}fine", level="error")

    assert shown.data.log.splitlines() == [f"{RECORD}broken", "Traceback"]


def logs(text: str, **given: Any) -> Any:
    return get_environment_logs(
        deps(text), CALL, GetEnvironmentLogs(name="sale", **given), environment()
    )


def asked(**given: Any) -> int:
    tails: list[int] = []
    get_environment_logs(
        deps("", tails), CALL, GetEnvironmentLogs(name="sale", **given), environment()
    )
    return tails[0]


def arguments(**given: Any) -> GetEnvironmentLogs:
    return GetEnvironmentLogs(name="sale", **given)


def deps(text: str, tails: list[int] | None = None) -> Any:
    def read(container: str, *, tail: int) -> str:
        assert container == "oduflow-env-1.sale"
        if tails is not None:
            tails.append(tail)
        return "\n".join(text.splitlines()[-tail:])

    return deps_of(
        naming=Naming("oduflow", Path("/data")),
        containers=SimpleNamespace(logs=read),
    )
