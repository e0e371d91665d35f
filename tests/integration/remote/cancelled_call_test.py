"""Ctrl-C cancels the client's task; an error of the clean-up must not take its place."""

import asyncio
from typing import Any

import pytest

from oduflow.cli.remote.connection import run_connected
from oduflow.cli.remote.target import parse_address
from tests.support.fakes import BLUE_TOKEN
from tests.support.mcp_world import McpWorld


def test_a_cancelled_call_stays_cancelled_when_the_clean_up_fails(server: McpWorld) -> None:
    with pytest.raises(asyncio.CancelledError):
        run_connected(parse_address(server.url), BLUE_TOKEN, 5, cancelled_with_an_error)


def test_an_error_of_a_call_that_is_not_cancelled_is_raised(server: McpWorld) -> None:
    with pytest.raises(ZeroDivisionError):
        run_connected(parse_address(server.url), BLUE_TOKEN, 5, failing)


async def cancelled_with_an_error(_client: Any) -> None:
    running = asyncio.current_task()
    assert running is not None
    running.cancel()
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        raise ZeroDivisionError from None


async def failing(_client: Any) -> None:
    raise ZeroDivisionError
