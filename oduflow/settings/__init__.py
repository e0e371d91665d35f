"""Read `oduflow.toml` into frozen dataclasses; the only reader of the environment.

    load() ─ locate ─▶ parse() ─ lines, read, rules ─▶ Settings, or BadSettings with every problem

Each key is declared once (`server`, `sections`, `team`): its default, its help and its kind
(`kinds`, `hosts`, `urls`, `networks`). Reading, refusing, the documentation and a fresh file all
follow from that.
"""

from oduflow.settings.describe import KeyHelp, describe
from oduflow.settings.hosts import is_loopback
from oduflow.settings.live import LiveSettings
from oduflow.settings.locate import load, remote_token
from oduflow.settings.model import Settings, SettingsSource
from oduflow.settings.networks import INTERNET, PortRange
from oduflow.settings.problems import BadSettings, NoSettings, SettingsProblem
from oduflow.settings.read import parse
from oduflow.settings.sections import Firewall, Images, Lifecycle, Routing, Storage
from oduflow.settings.server import CLAUDE_CALLBACKS, Server
from oduflow.settings.team import Team
from oduflow.settings.urls import PRIVATE_USE_SCHEMES
from oduflow.settings.write import write_fresh

__all__ = [
    "CLAUDE_CALLBACKS",
    "INTERNET",
    "PRIVATE_USE_SCHEMES",
    "BadSettings",
    "Firewall",
    "Images",
    "KeyHelp",
    "Lifecycle",
    "LiveSettings",
    "NoSettings",
    "PortRange",
    "Routing",
    "Server",
    "Settings",
    "SettingsProblem",
    "SettingsSource",
    "Storage",
    "Team",
    "describe",
    "is_loopback",
    "load",
    "parse",
    "remote_token",
    "write_fresh",
]
