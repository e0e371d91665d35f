"""Choose between several modules of one name: Odoo loads the first that it finds."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from oduflow.adapters.odoo.addons.versions import series_of
from oduflow.adapters.odoo.addons.walk import Candidate
from oduflow.domain.addons import CheckoutWarning, OdooRules

_NUMBER = re.compile(r"(?<!\d)(\d{1,2})(?:\.0)?(?!\d)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The modules that Odoo shall see, one for each name, and the others."""

    chosen: tuple[Candidate, ...]
    hidden: tuple[Candidate, ...]
    warnings: tuple[CheckoutWarning, ...]


def choose(found: Iterable[Candidate], rules: OdooRules) -> Choice:
    """Prefer the module of the series by its version, then by its folder's name, then the first.

    Of those that are installable, one in a folder that Odoo skips, because no module in it has an
    `__init__.py`, comes last.
    """
    by_name: defaultdict[str, list[Candidate]] = defaultdict(list)
    listed: set[PurePosixPath] = set()
    for module in found:
        by_name[module.name].append(module)
        if module.has_init or not rules.needs_init:
            listed.add(module.folder)

    def rank(module: Candidate) -> tuple[bool | int | str, ...]:
        refused, *series = _rank(module, rules.series)
        return refused, module.folder not in listed, *series, str(module.path)

    chosen: list[Candidate] = []
    hidden: list[Candidate] = []
    warnings: list[CheckoutWarning] = []
    for name, same in by_name.items():
        best, *others = sorted(same, key=rank)
        chosen.append(best)
        hidden += others
        places = [other.path for other in others if other.real != best.real]
        if places:
            warnings.append(
                CheckoutWarning.of(
                    ", ".join(map(str, places)),
                    f"The repository holds module {name} more than once; {best.path} is used.",
                    "Remove or rename the others, or give each series a branch of its own.",
                )
            )
    return Choice(tuple(chosen), tuple(hidden), tuple(warnings))


def _rank(module: Candidate, series: str) -> tuple[bool, int, int]:
    declared = series_of(module.manifest.version)
    return (
        not module.manifest.installable,
        _agreement(declared, series),
        _agreement(_series_of_folder(module.path.parent), series.partition(".")[0]),
    )


def _agreement(named: str, series: str) -> int:
    """Return 0 if the series is named, 1 if none is, 2 if it is another one."""
    return 1 if not named else 0 if named == series else 2


def _series_of_folder(folder: PurePosixPath) -> str:
    """Return the number of a folder's name such as `v19`, `19.0` or `odoo-19`; else empty."""
    for part in reversed(folder.parts):
        if found := _NUMBER.search(part):
            return found[1]
    return ""
