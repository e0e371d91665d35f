"""Which tests of which modules a run is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from oduflow.domain.addons import nearest
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.module_change import Records
from oduflow.domain.module_failure import listed
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Status
from oduflow.domain.test_result import CaseResult
from oduflow.domain.test_run import RunTests, TestRun
from oduflow.domain.test_selection import check_tags, odoo_tags


@dataclass(frozen=True, slots=True)
class ChosenTests:
    """What the tests' container is asked for.

    Attributes:
        modules: the only modules whose tests are looked for.
        asked_tags: the tags as they were asked for.
        failed_of: the run whose tests are repeated; empty for none.
        only: the ids of the only tests to run, and what the ids of such tests begin with, with a
            dot at the end; None for all.
    """

    modules: tuple[str, ...]
    asked_tags: str = ""
    failed_of: str = ""
    only: tuple[str, ...] | None = None

    @property
    def tags(self) -> str:
        """The value of Odoo's `--test-tags`."""
        return odoo_tags(self.asked_tags, self.modules)


def choose_tests(args: RunTests, run: TestRun | None, results: Iterable[CaseResult]) -> ChosenTests:
    """Return what a call asks for.

    Args:
        args: the call.
        run: the run whose failed tests it repeats, if it repeats one.
        results: of that run.

    Raises:
        Conflict: nothing failed in that run.
        Invalid: the tags are wrong.
    """
    modules = tuple(dict.fromkeys(args.modules))
    if run is None:
        check_tags(args.tags, modules)
        return ChosenTests(modules, args.tags)
    every, tags = list(results), args.tags or run.tags
    bad = [
        (each.module, each.id or each.about)
        for each in every
        if each.outcome.is_bad and (not modules or each.module in modules)
    ]
    bad += [(each, f"odoo.addons.{each}.") for each in _untold(modules, run, every)]
    if not bad and (run.status is Status.OK or any(each.outcome.is_bad for each in every)):
        again = Next.of("run_tests", "runs all of them", name=args.name, modules=run.modules)
        raise Conflict(f"Nothing of that failed in run {run.id}.", "", again)
    chosen = tuple(dict.fromkeys(module for module, _ in bad)) or modules or run.modules
    check_tags(tags, ())
    only = tuple(dict.fromkeys(about for _, about in bad)) or None
    return ChosenTests(chosen, tags, run.id, only)


def _untold(modules: tuple[str, ...], run: TestRun, every: list[CaseResult]) -> tuple[str, ...]:
    """Return the modules of a run that ended before Odoo's own end and told nothing of them."""
    if run.odoo:
        return ()
    told = {each.module for each in every}
    return tuple(
        each for each in run.modules if each not in told and (not modules or each in modules)
    )


def gone_tests(chosen: ChosenTests, planned: Iterable[str]) -> tuple[str, ...]:
    """Return what was to be repeated and is no longer there.

    Args:
        chosen: what was asked for.
        planned: the ids of the tests that Odoo found.
    """
    there = set[str]()
    for id_ in planned:
        words = id_.split(".")
        there.update((id_, *(".".join(words[:end]) + "." for end in range(1, len(words)))))
    return tuple(each for each in chosen.only or () if each not in there)


def refuse_not_installed(
    name: str, modules: Iterable[str], records: Records, others: Iterable[str]
) -> None:
    """Refuse modules that are not installed: Odoo would find no test and call that a success.

    Args:
        name: the environment.
        modules: those whose tests are wanted.
        records: the modules in its database.
        others: modules of its checkouts that the database may not know yet.

    Raises:
        Conflict: a module is not installed.
        NotFound: there is no such module.
    """
    missing = [each for each in modules if each not in records or not records[each].is_installed]
    known = {*records, *others}
    for each in missing:
        if each not in known:
            similar = nearest(each, known)
            raise NotFound(
                f"There is no module {each} in {name}."
                + (f" Did you mean {similar}?" if similar else ""),
                "",
                Next.of("list_modules", "shows the modules and their states", name=name),
            )
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise Conflict(
            f"{listed(missing)} {are} not installed in {name}, and tests run on what is installed.",
            "",
            Next.of("install_modules", "installs", name=name, modules=tuple(missing)),
        )
