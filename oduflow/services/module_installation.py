"""Judge an installation of modules by the database: Odoo exits with 0 also when it failed."""

from collections.abc import Iterable, Mapping

from oduflow.domain.container import RunResult
from oduflow.domain.odoo_log import ended_by_code, error_name, unknown_modules

SIGNALS = 128  # exit codes from here on are those of a signal


def installation_problem(
    wanted: Iterable[str], states: Mapping[str, str], result: RunResult, memory_mb: int
) -> str:
    """Return why modules are not installed, empty when they are.

    Args:
        wanted: the modules that were to be installed.
        states: their states in the database, without those that it does not know.
        result: how Odoo's container ended.
        memory_mb: its limit of memory.
    """
    missing = [name for name in wanted if states.get(name) != "installed"]
    if not missing and result.exit_code == 0:
        return ""
    if absent := sorted(unknown_modules(result.output) & set(missing)):
        return (
            f"There is no module {', '.join(absent)}, neither in the repository nor in the image."
        )
    if result.out_of_memory:
        return f"Odoo reached its limit of {memory_mb} MiB of memory while it installed modules."
    if not missing:
        return f"Odoo ended with exit code {result.exit_code}."
    names = ", ".join(name + _state_text(states.get(name)) for name in missing)
    cause = error_name(result.output) or _ended(result)
    return f"Not installed: {names}{f': {cause}' if cause else ''}."


def _ended(result: RunResult) -> str:
    code = result.exit_code
    cause = "" if code >= SIGNALS else ended_by_code(result.output)
    return f"{cause} (exit code {code})" if cause else ""


def _state_text(state: str | None) -> str:
    """Return a module's state in brackets; empty for those of every failed installation."""
    return f" ({state})" if state not in {None, "uninstalled"} else ""
