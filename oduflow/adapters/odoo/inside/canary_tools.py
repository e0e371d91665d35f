"""What the scripts of canaries share: their settings, their output, PostgreSQL, and waiting."""

from __future__ import annotations

import configparser
import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

import psycopg2

HERE = Path(__file__).parent
CONF = "/etc/odoo/odoo.conf"
CHANNEL = "canary"
LIFE_SECONDS = 240  # the server may have died
HOLD_SECONDS = 40
LIBC = ctypes.CDLL(None, use_errno=True)
SETTINGS: dict[str, Any] = json.loads((HERE / "canary.json").read_text("utf-8"))


def tell(**said: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def enter(database: str = "") -> Any:
    """Sign in to PostgreSQL with what every environment has."""
    conf = configparser.ConfigParser(interpolation=None)
    conf.read(CONF)
    own = conf["options"]
    connection = psycopg2.connect(
        host=own["db_host"],
        port=own["db_port"],
        user=own["db_user"],
        password=own["db_password"],
        dbname=database or own["db_name"],
        connect_timeout=10,
    )
    connection.autocommit = True
    return connection


def ask(connection: Any, statement: str) -> list[Any]:
    """Run a statement and return the first column."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


def hold(phase: str) -> None:
    """Keep what is exhausted until the server has looked at the others."""
    tell(held=phase)
    released, deadline = HERE / "released", time.monotonic() + HOLD_SECONDS
    while phase not in released.read_text("ascii").split() and time.monotonic() < deadline:
        time.sleep(0.05)
