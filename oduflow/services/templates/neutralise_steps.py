"""What a team adds to the neutralisation of its imports: SQL scripts and anonymised fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.anonymisation import FieldRule
from oduflow.domain.errors import Invalid
from oduflow.domain.neutralised import SqlScript
from oduflow.domain.plan import Naming
from oduflow.files.private import ensure_secret
from oduflow.settings.sections import Settings

_LARGEST = 16 << 20  # bytes of one script
_HINT = "Correct neutralise_scripts in oduflow.toml, or ask the operator of the server to."


@dataclass(frozen=True, slots=True)
class OwnSteps:
    """What runs after the product's own rules.

    Attributes:
        scripts: in their order.
        fields: the rules of `[anonymise]`.
        key: of the hash that invented values derive from; a secret.
    """

    scripts: tuple[SqlScript, ...] = ()
    fields: tuple[FieldRule, ...] = ()
    key: str = ""


NO_OWN_STEPS = OwnSteps()


def own_steps(settings: Settings, naming: Naming, team: str) -> OwnSteps:
    """Read the team's scripts, and the rules of `[anonymise]` with the team's key.

    The key stays the same, so that a refreshed template has the same invented values.

    Raises:
        Invalid: a script cannot be read.
    """
    scripts = [
        _read(path) for named in settings.teams[team].neutralise_scripts for path in _files(named)
    ]
    fields = settings.anonymised
    key = ensure_secret(naming.team_folder(team) / "anonymise_key") if fields else ""
    return OwnSteps(tuple(scripts), fields, key)


def _files(named: Path) -> Iterator[Path]:
    """Return the file itself, or a folder's files of SQL by name."""
    if not named.is_dir():
        yield named
        return
    found = sorted(each for each in named.iterdir() if each.suffix == ".sql")
    if not found:
        raise Invalid(f"The folder {named.name} of neutralise_scripts has no .sql file.", _HINT)
    yield from found


def _read(path: Path) -> SqlScript:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise Invalid(
                f"The script {path.name} of neutralise_scripts is not a file of at most "
                f"{_LARGEST >> 20} MiB.",
                _HINT,
            )
        return SqlScript(path.name, path.read_text("utf-8-sig"))
    except OSError as cause:
        why = cause.strerror or "an input error"
        raise Invalid(f"The script {path.name} cannot be read: {why}.", _HINT) from cause
    except UnicodeDecodeError as cause:
        raise Invalid(f"The script {path.name} is not UTF-8.", _HINT) from cause
