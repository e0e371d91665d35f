"""A pytest plugin that writes how each test function ended, for whoever started pytest.

One that cannot be collected or set up says nothing about a defence, so it is broken, not failed.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import oduflow

TOLD = "DEFENCES_OUTCOMES"  # the file that is written
PASSED, FAILED, BROKEN = "passed", "failed", "broken"
_RANK = (PASSED, FAILED, BROKEN)
_worst: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    test = report.nodeid.partition("[")[0]
    outcome = PASSED
    if report.failed:
        outcome = BROKEN if report.when == "setup" else FAILED
    elif report.skipped:
        outcome = BROKEN
    _worst[test] = max(_worst.get(test, PASSED), outcome, key=_RANK.index)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _worst[report.nodeid] = BROKEN


def pytest_sessionfinish() -> None:
    told: dict[str, Any] = {"package": oduflow.__file__, "tests": _worst}
    Path(os.environ[TOLD]).write_text(json.dumps(told), "utf-8")
