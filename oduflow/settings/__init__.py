"""Read `oduflow.toml` into frozen pydantic models; the only reader of the environment.

    load() ─▶ parse() ─ lines, read, rules ─▶ Settings, or BadSettings with every problem

Each key is declared once in `sections`: its default, its description and its type (`values`,
`addresses`). Validation, messages, the documentation and a fresh file derive from that.
"""

from oduflow.settings.addresses import NO_INDEX
from oduflow.settings.files import load, remote_token
from oduflow.settings.problems import BadSettings, NoSettings, SettingsProblem
from oduflow.settings.read import parse
from oduflow.settings.sections import (
    CLAUDE_CALLBACKS,
    ServerSettings,
    Settings,
    TeamSettings,
)
from oduflow.settings.values import INTERNET

__all__ = [
    "CLAUDE_CALLBACKS",
    "INTERNET",
    "NO_INDEX",
    "BadSettings",
    "NoSettings",
    "ServerSettings",
    "Settings",
    "SettingsProblem",
    "TeamSettings",
    "load",
    "parse",
    "remote_token",
]
