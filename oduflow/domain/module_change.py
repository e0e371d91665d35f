"""Installing, upgrading and uninstalling modules: the inputs, the verdict of Odoo, the views."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any

from pydantic import Field

from oduflow.domain.environment import EnvironmentState, ModuleName, UndoableChange
from oduflow.domain.outcome import Model

MODULES_CHANGE = "modules_change"  # the name of the saga, and of the environment's step meanwhile
MAX_MODULES = 100  # of one call
INSTALLED = frozenset({"installed", "to upgrade", "to remove"})


class ModuleAction(StrEnum):
    """What happens to modules."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    UPGRADE = "upgrade"

    @property
    def done(self) -> str:
        """The participle, such as `installed`."""
        return f"{self}ed" if self is not ModuleAction.UPGRADE else "upgraded"

    @property
    def doing(self) -> str:
        """The present participle, such as `installing`."""
        return f"{self}ing" if self is not ModuleAction.UPGRADE else "upgrading"

    @property
    def operation(self) -> str:
        """The operation that does it."""
        return f"{self}_modules"


class ChangeModules(UndoableChange):
    """Which modules of an environment to change."""

    modules: Annotated[
        tuple[ModuleName, ...],
        Field(
            min_length=1,
            max_length=MAX_MODULES,
            description="Technical names.",
            examples=[["sale", "stock"]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class ModuleRecord:
    """A module in the database: its state, and the version that is installed, if any."""

    state: str
    version: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether its tables and records are in the database."""
        return self.state in INSTALLED


Records = Mapping[str, ModuleRecord]


@dataclass(frozen=True, slots=True)
class RaisedError:
    """One exception of a chain, as the tenant's code raised it; every text is untrusted.

    Attributes:
        kind: the exception's class.
        file, line: where a text could not be parsed; empty and 0 for other exceptions.
        frames: file and line of the innermost calls, the innermost last.
    """

    kind: str
    message: str
    file: str = ""
    line: int = 0
    frames: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A warning or an error that Odoo logged."""

    level: str
    logger: str
    message: str


@dataclass(frozen=True, slots=True)
class MadeBundle:
    """A bundle of scripts and styles that Odoo has made; every text is untrusted.

    Attributes:
        styles, scripts: whether it has any.
        wrong: why it cannot be made; empty if it was.
    """

    name: str
    styles: bool
    scripts: bool
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class OdooVerdict:
    """What the script that changed the modules said at its end (`inside/change_modules.py`).

    Attributes:
        ok: whether no exception ended it.
        updated: the modules whose data Odoo loaded.
        chain: the exception and its causes, the outermost first.
        log: warnings and errors.
        missing_columns: stored fields without a column, each with the modules that define it.
        seconds: how long Odoo took.
        stage: what it did last: `registry`, `reload` of files of data, `terms`, or `end`.
        wrote: whether it committed anything, as far as it knows.
        tells_writes: whether it can tell; if not, each commit counts.
        kept: records that it was to load and left as they are, because they are noupdate.
        bundles: the bundles that it has made; None if it was not asked to make any.
    """

    ok: bool
    updated: tuple[str, ...] = ()
    chain: tuple[RaisedError, ...] = ()
    log: tuple[LogRecord, ...] = ()
    missing_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    stage: str = ""
    wrote: bool = True
    tells_writes: bool = True
    kept: tuple[str, ...] = ()
    bundles: tuple[MadeBundle, ...] | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "OdooVerdict | None":
        """Read what the script printed; None for what has another form, as tenants may print."""
        try:
            return cls(
                ok=said["status"] == "ok",
                updated=tuple(map(str, said.get("updated", ()))),
                chain=tuple(map(_cause, said.get("chain", ()))),
                log=tuple(LogRecord(*map(str, each)) for each in said["log"]),
                missing_columns={
                    str(name): tuple(map(str, modules))
                    for name, modules in said.get("missing_columns", ())
                },
                seconds=_finite(said["seconds"]),
                stage=str(said.get("stage", "")),
                wrote=said.get("wrote") is not False,
                tells_writes=said.get("tells_writes") is not False,
                kept=tuple(map(str, said.get("kept", ()))),
                bundles=_bundles(said.get("bundles")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None


def _finite(said: Any) -> float:
    seconds = float(said)
    if not isfinite(seconds):
        raise ValueError(said)
    return seconds


def _cause(said: Mapping[str, Any]) -> RaisedError:
    return RaisedError(
        kind=str(said["type"]),
        message=str(said["message"]),
        file=str(said["file"]),
        line=int(said["line"]),
        frames=tuple((str(file), int(line)) for file, line, *_ in said["frames"]),
    )


class ModuleChange(Model):
    """A module before and after: Odoo's state, null if it did not know it, and its version."""

    name: str
    old_state: str | None
    state: str | None
    old_version: str
    version: str


class ModulesChanged(Model):
    """What became of modules, and what was done for it; `more` counts those that are left out.

    `seconds` is the time of the whole work, `odoo_seconds` that of Odoo's own.
    """

    name: str
    state: EnvironmentState
    modules: tuple[ModuleChange, ...]
    more: int = 0
    actions: tuple[str, ...]
    seconds: float
    odoo_seconds: float


def changed_names(before: Records, after: Records) -> list[str]:
    """Name the modules whose state or version changed; one that is only listed anew did not."""
    listed = ModuleRecord("uninstalled")
    names = sorted({*before, *after})
    return [name for name in names if before.get(name, listed) != after.get(name, listed)]


def differences(before: Records, after: Records, asked: tuple[str, ...]) -> list[ModuleChange]:
    """Return the modules that were asked for, and then the others whose record changed."""
    others = changed_names(before, after)
    return [
        ModuleChange(
            name=name,
            old_state=before[name].state if name in before else None,
            state=after[name].state if name in after else None,
            old_version=before[name].version if name in before else "",
            version=after[name].version if name in after else "",
        )
        for name in dict.fromkeys((*asked, *others))
    ]


def _bundles(said: Any) -> tuple[MadeBundle, ...] | None:
    """Read the bundles; None where it tells of none."""
    if said is None:
        return None
    return tuple(
        MadeBundle(str(name), bool(styles), bool(scripts), str(wrong))
        for name, styles, scripts, wrong in said
    )
