from datetime import timedelta

import pytest

from oduflow.blueprints.dashboard import filters
from oduflow.domain.clock import now, rfc3339


def test_a_moment_is_told_by_its_age():
    assert filters.ago(rfc3339(now() - timedelta(hours=3))) == "3 h ago"


def test_a_moment_is_written_in_utc_to_the_minute():
    assert filters.utc("2026-11-23T14:05:59.123Z") == "2026-11-23 14:05 UTC"


@pytest.mark.parametrize(
    ("actor", "named"),
    [
        ("basic:admin", "admin"),
        ("octocat", "octocat"),
        ("grant:ci-2", "grant ci-2"),
        ("cli:ada", "ada · CLI"),
        ("token:auth_token", "MCP token"),
        ("anonymous:anonymous", "anonymous"),
        ("robot:x", "x"),
    ],
)
def test_people_are_called_as_people_know_them(actor, named):
    assert filters.person(actor) == named


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0 ms"), (999, "999 ms"), (10_337, "10.3 s"), (125_400, "2 min 5 s")],
)
def test_a_duration_is_written_in_a_unit_of_its_size(milliseconds, said):
    assert filters.duration(milliseconds) == said


def test_words_of_machines_are_spoken():
    assert filters.humanize("not_found") == "Not found"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-23 09:15:40,007 1 ERROR db odoo.http: No.", "error"),
        ("2026-11-23 09:15:40,007 1 CRITICAL db odoo.http: No.", "error"),
        ("2026-11-23 09:15:40,007 1 WARNING db odoo.http: No.", "warning"),
        ("2026-11-23 09:15:40,007 1 INFO db odoo.http: " + "x" * 60 + " ERROR ", ""),
        ("", ""),
    ],
)
def test_errors_and_warnings_of_a_log_are_recognised(line, level):
    assert filters.log_level(line) == level
