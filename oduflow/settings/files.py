"""Find, load and write the configuration file; the only reader of the process's environment."""

import os
import secrets
import stat
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from oduflow.settings.describe import describe
from oduflow.settings.notation import key_text, value_text
from oduflow.settings.problems import NoSettings, bad_file
from oduflow.settings.read import parse
from oduflow.settings.schema import Section, keys_of, secrets_of
from oduflow.settings.sections import SECTIONS, Settings, TeamSettings

CONFIG_VARIABLE = "ODUFLOW_CONFIG"
TOKEN_VARIABLE = "ODUFLOW_TOKEN"  # noqa: S105 - a variable's name
_DEFAULT_PATHS = (Path("oduflow.toml"), Path("/etc/oduflow/oduflow.toml"))
_SECRET_BYTES = 32
_WIDTH = 96
_HEAD = """\
# Oduflow's configuration. A key behind a "#" has its default; take the "#" away to change it.
# Keep this file to yourself (mode 0600): it holds secrets.
"""

Overrides = Mapping[str, Any]


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the first configuration of `path`, $ODUFLOW_CONFIG, ./oduflow.toml, /etc/oduflow.

    A file named by `path` or by the variable is the only candidate: another file in its place
    would be a surprise.

    Args:
        path: the value of `--config`.
        environ: the variables, by default the process's.

    Raises:
        NoSettings: there is no such file.
        BadSettings: the file cannot be read, or its contents are invalid.
    """
    candidates = search_order(path, environ)
    for candidate in candidates:
        try:
            return _read(candidate)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as cause:
            why = cause.strerror or "an input error"
            raise bad_file(f"It cannot be read: {why}", candidate) from cause
        except UnicodeDecodeError as cause:
            raise bad_file("It cannot be read: it is not UTF-8", candidate) from cause
    raise NoSettings(candidates)


def search_order(path: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Return the candidates of `load`, as absolute paths."""
    named = path or environ.get(CONFIG_VARIABLE)
    return [Path(each).absolute() for each in ([named] if named else _DEFAULT_PATHS)]


def remote_token(environ: Mapping[str, str] = os.environ) -> str:
    """Return the Bearer token of $ODUFLOW_TOKEN for a remote server, empty when there is none."""
    return environ.get(TOKEN_VARIABLE, "").strip()


def write_fresh(path: Path, **overrides: Overrides) -> Settings:
    """Write a configuration with generated secrets and return its settings.

    Overwrites nothing. Readers never see half a file: it is written beside `path` with mode 0600
    and then linked there.

    Args:
        path: the file to make; missing folders are made, too.
        **overrides: values that differ from the defaults, one mapping a section:
            `server={"sample": True}`, `team={"blue": {"name": "Blue"}}` (default: one team, 1).
            A team without secrets in its mapping gets fresh ones.

    Raises:
        BadSettings: an override is invalid, or the file cannot be written.
        FileExistsError: the file exists, perhaps since a moment ago: load it instead.
    """
    path = path.absolute()
    text = _render(overrides)
    settings = parse(text, path)
    try:
        _publish(path, text)
    except OSError as cause:
        if isinstance(cause, FileExistsError) and os.path.lexists(path):
            raise
        why = cause.strerror or "an output error"
        raise bad_file(f"It cannot be written: {why}", path) from cause
    return settings


def _read(path: Path) -> Settings:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        text = file.read().decode("utf-8-sig")
    settings = parse(text, path)
    has_secrets = any(
        getattr(section, name)
        for section in settings.tables().values()
        for name in secrets_of(type(section))
    )
    if not mode & stat.S_IROTH or not has_secrets:
        return settings
    warning = f"Every user of this machine can read the secrets in {path}: chmod 600 it."
    return replace(settings, warnings=(*settings.warnings, warning))


def _publish(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)  # unlike a rename, a link fails when the file exists
    finally:
        Path(name).unlink()


def _render(overrides: Mapping[str, Overrides]) -> str:
    blocks = [_HEAD]
    blocks += [_table(name, each, overrides.get(name, {})) for name, each in SECTIONS.items()]
    for team_id, values in overrides.get("team", {"1": {}}).items():
        fresh = {name: secrets.token_urlsafe(_SECRET_BYTES) for name in secrets_of(TeamSettings)}
        blocks.append(_table(key_text(["team", team_id]), TeamSettings, fresh | values))
    # Unknown tables are written, too: `parse` refuses them with a hint.
    unknown = overrides.keys() - SECTIONS.keys() - {"team"}
    return "\n".join([*blocks, *(f"[{key_text([name])}]\n" for name in unknown)])


def _table(header: str, section: type[Section], values: Overrides) -> str:
    lines = [f"[{header}]", ""]
    for row in describe({header: section}):
        about = f"{row.help} Default: {row.default}." if row.in_words else row.help
        lines.extend(f"# {line}" for line in textwrap.wrap(about, _WIDTH))
        if row.key in values:
            lines.append(f"{row.key} = {value_text(values[row.key])}")
        else:
            lines.append(f"#{row.key} = {'…' if row.in_words else row.default}")
        lines.append("")
    unknown = values.keys() - keys_of(section).keys()
    lines.extend(f"{key_text([name])} = {value_text(values[name])}" for name in unknown)
    return "\n".join(lines)
