from typing import Any

import pytest

from oduflow.domain.container import ContainerFacts
from oduflow.domain.readiness import BootLog, BootOutcome, PageAnswer, judge

RECORD = "2026-11-29 09:00:00,000 1 {} db {}: {}\n"
LOADING = RECORD.format("INFO", "odoo.modules.loading", "loading 104 modules...")
LOADED = RECORD.format("INFO", "odoo.registry", "Registry loaded in 1.304s")  # 19
LOADED_14 = RECORD.format("INFO", "odoo.modules.registry", "Registry loaded in 1.304s")
FAILED = RECORD.format("ERROR", "odoo.registry", "Failed to load registry")
GAVE_UP = RECORD.format("CRITICAL", "odoo.service.server", "Failed to initialize database `x`.")
SAID_BY_A_MODULE = RECORD.format("ERROR", "odoo.addons.shop.sync", "Failed to load registry")
REQUESTED = RECORD.format("INFO", "werkzeug", f'1.2.3.4 "GET /?q={FAILED.strip()} HTTP/1.1" 404 -')
PRINTED = "retry: Failed to load registry, Failed to initialize database\n"
CLAIMED = RECORD.format("INFO", "odoo.addons.shop", "Registry loaded in 0.1s")
COLOURED = LOADED.replace("INFO", "\x1b[1;32m\x1b[1;49mINFO\x1b[0m")


def container(status: Any = "running", code: int = 0, **more) -> ContainerFacts:
    return ContainerFacts("1", "c", status, code, {}, {}, "", **more)


@pytest.mark.parametrize(
    ("status", "log", "outcome"),
    [
        (None, "", BootOutcome.LOADING),
        (None, LOADING, BootOutcome.LOADING),
        (None, LOADING + FAILED, BootOutcome.BROKEN_REGISTRY),
        (None, GAVE_UP, BootOutcome.BROKEN_REGISTRY),
        (200, "", BootOutcome.LOADING),
        (200, LOADING, BootOutcome.LOADING),
        (200, LOADED, BootOutcome.SERVING),
        (204, LOADED, BootOutcome.SERVING),
        (200, FAILED + GAVE_UP, BootOutcome.BROKEN_REGISTRY),
        (303, LOADED, BootOutcome.REDIRECTING),
        (302, LOADED_14, BootOutcome.REDIRECTING),
        (303, LOADING, BootOutcome.LOADING),
        (303, FAILED, BootOutcome.BROKEN_REGISTRY),
        (401, LOADED, BootOutcome.SERVING),
        (403, LOADED, BootOutcome.SERVING),
        (404, LOADED, BootOutcome.SERVING),
        (404, LOADING, BootOutcome.LOADING),
        (404, FAILED, BootOutcome.BROKEN_REGISTRY),
        (500, LOADED, BootOutcome.BROKEN_PAGE),
        (503, LOADED, BootOutcome.BROKEN_PAGE),
        (500, LOADING, BootOutcome.LOADING),
        (500, FAILED, BootOutcome.BROKEN_REGISTRY),
        (303, FAILED + LOADED, BootOutcome.REDIRECTING),
        (200, LOADED + FAILED, BootOutcome.BROKEN_REGISTRY),
        (200, LOADED + SAID_BY_A_MODULE + REQUESTED + PRINTED, BootOutcome.SERVING),
        (200, LOADING + CLAIMED, BootOutcome.LOADING),
        (200, COLOURED, BootOutcome.SERVING),
    ],
)
def test_a_page_serves_only_where_the_registry_is_loaded(status, log, outcome):
    page = None if status is None else PageAnswer(status)

    assert judge(container(), page, BootLog.read(log)) is outcome


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (None, BootOutcome.CRASHED),
        (container("exited", 1), BootOutcome.CRASHED),
        (container("exited", 137, out_of_memory=True), BootOutcome.OUT_OF_MEMORY),
        (container("created"), BootOutcome.LOADING),
    ],
)
def test_a_container_that_ended_decides(facts, outcome):
    assert judge(facts, None, BootLog()) is outcome


def test_what_odoo_loads_is_told_in_its_own_words():
    more = RECORD.format("INFO", "odoo.modules.loading", "Loading module sale (12/104)")

    assert BootLog.read(LOADING).doing == "loading 104 modules..."
    assert BootLog.read(LOADING + more + "noise\n").doing == "Loading module sale (12/104)"
