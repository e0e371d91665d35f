"""Judge a change of modules: by the database, by Odoo's verdict, and by what it logged."""

from collections.abc import Mapping
from dataclasses import dataclass

from oduflow.domain.container import RunResult
from oduflow.domain.module_change import ModuleAction, OdooVerdict, Records
from oduflow.domain.module_failure import (
    failure_cause_of,
    failure_place,
    listed,
    new_problems,
    one_line,
)
from oduflow.domain.odoo_log import ended_by_code, failure_cause


@dataclass(frozen=True, slots=True)
class ChangeEvidence:
    """What is known after Odoo's container has ended.

    Attributes:
        modules: all that were to change, those that are uninstalled along included.
        after: the modules in the database, read by the product.
        versions: the versions that the manifests have, where they are known.
        result: how the container ended.
        verdict: what the script in it said; None if it said nothing.
        known: the log of the serving Odoo, which has what was wrong before.
        own: the folders inside the container that hold repositories.
        memory_mb: the container's limit.
        kind: what was to happen to the modules; None for a change of code, of which they are a
            part.
    """

    kind: ModuleAction | None
    modules: tuple[str, ...]
    after: Records
    versions: Mapping[str, frozenset[str]]
    result: RunResult
    verdict: OdooVerdict | None
    known: str
    own: tuple[str, ...]
    memory_mb: int

    @property
    def done(self) -> str:
        """The clause that says that it is done."""
        if self.kind is None:
            return "The changes were applied"
        return f"{listed(self.modules)} {self._was} {self.kind.done}"

    @property
    def not_done(self) -> str:
        """The clause that says that it is not."""
        if self.kind is None:
            return "The changes were not applied"
        return f"{listed(self.modules)} {self._was} not {self.kind.done}"

    @property
    def _was(self) -> str:
        return "was" if len(self.modules) == 1 else "were"


@dataclass(frozen=True, slots=True)
class ChangeProblem:
    """Why a change is no success.

    Attributes:
        message: one sentence.
        done: whether the database has the modules in the wanted states nevertheless.
        pending: modules whose code needs columns that only their upgrade makes.
    """

    message: str
    done: bool = False
    pending: tuple[str, ...] = ()


def judge(seen: ChangeEvidence) -> ChangeProblem | None:
    """Return why a change is no success; None if everything proves it."""
    wrong = _unchanged(seen)
    if seen.result.out_of_memory:
        limit = seen.memory_mb
        return ChangeProblem(f"{seen.not_done}: Odoo reached its limit of {limit} MiB of memory.")
    verdict = seen.verdict
    if verdict is None or not verdict.ok or seen.result.exit_code != 0:
        return ChangeProblem(f"{seen.not_done}: {_cause(seen)}.")
    if wrong:
        told = f"{listed(wrong)}, though Odoo ended without an error"
        return ChangeProblem(f"{seen.not_done}: {told}.")
    done = f"{seen.done}, but"
    if verdict.missing_columns:
        lacking = verdict.missing_columns
        pending = sorted({module for modules in lacking.values() for module in modules})
        return ChangeProblem(
            f"{done} the code has stored fields without a column: {listed(lacking)}.",
            done=True,
            pending=tuple(pending),
        )
    if problems := new_problems(verdict, seen.known):
        first = problems[0]
        return ChangeProblem(
            f"{done} Odoo logged {first.level.lower()} {first.logger}: {one_line(first.message)}",
            done=True,
        )
    return None


def _unchanged(seen: ChangeEvidence) -> list[str]:
    """Name the modules that are not what they should be, each with its state or version."""
    wrong = []
    for name in seen.modules:
        record = seen.after.get(name)
        state = record.state if record else "unknown to Odoo"
        if seen.kind is ModuleAction.UNINSTALL:
            if record is not None and record.is_installed:
                wrong.append(f"{name} is {state}")
        elif record is None or state != "installed":
            wrong.append(f"{name} is {state}")
        elif record.version not in seen.versions.get(name, {record.version}):
            expected = "/".join(sorted(seen.versions[name]))
            wrong.append(f"{name} has version {record.version}, not {expected}")
        elif seen.verdict is not None and name not in seen.verdict.updated:
            wrong.append(f"{name} was not loaded")
    return wrong


def _cause(seen: ChangeEvidence) -> str:
    verdict, result = seen.verdict, seen.result
    if verdict is not None and verdict.chain:
        place = failure_place(verdict, seen.own)
        said = failure_cause_of(verdict)
        return f"{place}: {said}" if place else said
    if verdict is not None and verdict.ok:
        return f"Odoo ended with exit code {result.exit_code}"
    said = failure_cause(result.output, ended=True) or ended_by_code(result.output)
    return f"Odoo gave no verdict and ended with exit code {result.exit_code}" + (
        f": {said}" if said else ""
    )
