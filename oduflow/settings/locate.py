"""Find and load the configuration; the only reader of the process's environment."""

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from oduflow.settings.problems import NoSettings, bad_file
from oduflow.settings.read import parse
from oduflow.settings.schema import secrets_of
from oduflow.settings.sections import Settings

CONFIG_VARIABLE = "ODUFLOW_CONFIG"
TOKEN_VARIABLE = "ODUFLOW_TOKEN"  # noqa: S105 - a variable's name
_DEFAULT_PATHS = (Path("oduflow.toml"), Path("/etc/oduflow/oduflow.toml"))


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the first configuration of `path`, $ODUFLOW_CONFIG, ./oduflow.toml, /etc/oduflow.

    A file named by `path` or by the variable is the only candidate: another file in its place
    would be a surprise.

    Args:
        path: the value of `--config`.
        environ: replaces the process's environment.

    Raises:
        NoSettings: there is no such file.
        BadSettings: the file cannot be read, or its contents are invalid.
    """
    candidates = search_order(path, _environ(environ))
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


def remote_token(environ: Mapping[str, str] | None = None) -> str:
    """Return the Bearer token of $ODUFLOW_TOKEN for a remote server, empty when there is none."""
    return _environ(environ).get(TOKEN_VARIABLE, "").strip()


def search_order(path: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Return the candidates of `load`, as absolute paths."""
    if path is not None:
        return [path.absolute()]
    if named := environ.get(CONFIG_VARIABLE):
        return [Path(named).absolute()]
    return [default.absolute() for default in _DEFAULT_PATHS]


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ


def _read(path: Path) -> Settings:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        text = file.read().decode("utf-8-sig")
    settings = parse(text, path)
    if not mode & stat.S_IROTH or not _holds_secrets(settings):
        return settings
    warning = f"Every user of this machine can read the secrets in {path}: chmod 600 it."
    return replace(settings, warnings=(*settings.warnings, warning))


def _holds_secrets(settings: Settings) -> bool:
    return any(
        getattr(section, name)
        for section in (settings.server, *settings.teams.values())
        for name in secrets_of(type(section))
    )
