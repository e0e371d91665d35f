"""Find and load the configuration file; the only reader of the process's environment."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from oduflow.settings.problems import NoSettings, bad_file
from oduflow.settings.read import parse
from oduflow.settings.schema import secrets_of
from oduflow.settings.sections import Settings

CONFIG_VARIABLE = "ODUFLOW_CONFIG"
TOKEN_VARIABLE = "ODUFLOW_TOKEN"  # noqa: S105 - a variable's name
_DEFAULT_PATHS = (Path("oduflow.toml"), Path("/etc/oduflow/oduflow.toml"))


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
        except PermissionError as cause:
            message = f"{candidate} cannot be read by this user"
            hint = "Run the command as its owner, or with --url and a token, as on another machine."
            raise bad_file(message, candidate, hint=hint) from cause
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


def _read(path: Path) -> Settings:
    # Not blocking: a FIFO in the file's place must not stop the thread that follows the file.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise bad_file("It cannot be read: it is no regular file", path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            text = file.read().decode("utf-8-sig")
    finally:
        os.close(descriptor)
    settings = parse(text, path)
    has_secrets = any(
        getattr(section, name)
        for section in settings.tables().values()
        for name in secrets_of(type(section))
    )
    if not mode & stat.S_IROTH or not has_secrets:
        return settings
    warning = f"Every user of this machine can read the secrets in {path}: chmod 600 it."
    return settings.model_copy(update={"warnings": (*settings.warnings, warning)})
