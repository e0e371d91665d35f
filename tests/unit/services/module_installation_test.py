import pytest

from oduflow.domain.container import RunResult
from oduflow.services.module_installation import installation_problem

IGNORED = (
    "2026-11-29 09:00:00,000 1 WARNING db odoo.modules.loading: invalid module names, ignored: "
)
LOADING = "2026-11-29 09:00:00,000 1 INFO db odoo.modules.loading: Loading module crm (3/3)"
BROKE = "Traceback (most recent call last):\n  File x\nValueError: it broke"


@pytest.mark.parametrize(
    ("states", "result", "problem"),
    [
        ({"crm": "installed"}, RunResult(0, ""), ""),
        ({"crm": "installed"}, RunResult(3, ""), "Odoo ended with exit code 3."),
        ({"crm": "uninstalled"}, RunResult(0, BROKE), "Not installed: crm: ValueError."),
        (
            {"crm": "to install"},
            RunResult(0, BROKE),
            "Not installed: crm (to install): ValueError.",
        ),
        (
            {},
            RunResult(0, f"{IGNORED}crm"),
            "There is no module crm, neither in the repository nor in the image.",
        ),
        (
            {},
            RunResult(137, "", out_of_memory=True),
            "Odoo reached its limit of 600 MiB of memory while it installed modules.",
        ),
        (
            {},
            RunResult(1, LOADING),
            (
                "Not installed: crm: Python code ended the process while Odoo loaded crm, as "
                "sys.exit does (exit code 1)."
            ),
        ),
        ({}, RunResult(137, LOADING), "Not installed: crm."),
    ],
)
def test_an_installation_is_judged_by_the_database_and_says_why_it_failed(states, result, problem):
    assert installation_problem(("crm",), states, result, 600) == problem
