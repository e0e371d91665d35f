"""Read `oduflow.toml` into frozen pydantic models; the only reader of the environment.

    load() ─ locate ─▶ parse() ─ lines, read, rules ─▶ Settings, or BadSettings with every problem

Each key is declared once (`server`, `sections`, `team`): its default, its description and its type
(`values`, `hosts`, `urls`, `networks`). Validation, error messages, the documentation and a fresh
file derive from that.
"""

from oduflow.settings.describe import KeyHelp, describe
from oduflow.settings.hosts import is_loopback
from oduflow.settings.live import LiveSettings
from oduflow.settings.locate import load, remote_token
from oduflow.settings.networks import INTERNET, PortRange
from oduflow.settings.problems import BadSettings, NoSettings, SettingsProblem
from oduflow.settings.read import parse
from oduflow.settings.sections import (
    LifecycleSettings,
    Settings,
    SettingsSource,
    StorageSettings,
)
from oduflow.settings.server import CLAUDE_CALLBACKS, ServerSettings
from oduflow.settings.team import TeamSettings
from oduflow.settings.write import write_fresh

__all__ = [
    "CLAUDE_CALLBACKS",
    "INTERNET",
    "BadSettings",
    "KeyHelp",
    "LifecycleSettings",
    "LiveSettings",
    "NoSettings",
    "PortRange",
    "ServerSettings",
    "Settings",
    "SettingsProblem",
    "SettingsSource",
    "StorageSettings",
    "TeamSettings",
    "describe",
    "is_loopback",
    "load",
    "parse",
    "remote_token",
    "write_fresh",
]
