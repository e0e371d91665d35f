"""Run the tests of modules for an operation, and keep what became of them."""

from dataclasses import replace

from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Cancelled, Conflict, Failure
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome, Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.test_choice import ChosenTests, choose_tests, refuse_not_installed
from oduflow.domain.test_run import RunTests, TestRun, check_wanted
from oduflow.domain.test_run_view import TestRunView
from oduflow.domain.test_verdict import RunEvidence, RunVerdict, judge_run
from oduflow.kernel.call import Call
from oduflow.services.browser_image import browser_image
from oduflow.services.deps import Deps
from oduflow.services.environments.addons import load_report
from oduflow.services.environments.container import repository_folders
from oduflow.services.environments.module_change.settle import tenant_of
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.images import run_as
from oduflow.services.snapshots.create import require_layers
from oduflow.services.test_runs.find import find_run
from oduflow.services.test_runs.recover import settle_runs
from oduflow.services.test_runs.running import RunningTests
from oduflow.services.test_runs.tell import told_run


def check_arguments(_deps: Deps, args: RunTests) -> None:
    """Refuse a call without modules, and tags that no Odoo understands.

    Raises:
        Invalid: the argument is wrong.
    """
    check_wanted(args)


def run_tests_of(deps: Deps, call: Call, row: Environment, args: RunTests) -> Outcome[TestRunView]:
    """Run tests on a clone of an environment; failed tests are an outcome, not an exception.

    Raises:
        Busy: the environment is never between two transactions.
        Cancelled: the job was cancelled; what was known by then is kept.
        Conflict: a module is not installed, or the environment has nothing to clone.
        Invalid: the tags are wrong.
        NotFound: there is no such module or run.
        QuotaReached: the clone would not fit.
    """
    refuse_unfinished(deps, row)
    require_layers(row)
    if not row.served:
        step = Next.of("get_environment", "says why", name=row.name)
        raise Conflict(f"{row.name} has never served, so there is nothing to test.", "", step)
    deps.infrastructure.wake(row.team, lambda line: call.report("check", line))
    call.report("check", "checking the modules")
    settle_runs(deps, row)
    chosen = _choose(deps, row, args)
    images = deps.engine.images
    image = browser_image(images, images.facts(row.odoo_image))
    work = RunningTests(
        deps=deps,
        call=call,
        row=row,
        image=replace(image, facts=run_as(image.facts, row.uid)),
        run=_new_run(call, row, chosen),
        chosen=chosen,
        timeout=args.timeout,
    )
    return _perform(work)


def _choose(deps: Deps, row: Environment, args: RunTests) -> ChosenTests:
    runs = deps.store.test_runs
    former = None if args.failed_of is None else find_run(runs, row, args.failed_of)
    results = () if former is None else runs.results(former.id)
    chosen = choose_tests(args, former, results)
    report = load_report(EnvironmentPlan.of(deps.naming, row))
    others = () if report is None else [module.name for module in report.modules]
    records = tenant_of(deps.naming, deps.postgres, row).module_records()
    refuse_not_installed(row.name, chosen.modules, records, others)
    return chosen


def _new_run(call: Call, row: Environment, chosen: ChosenTests) -> TestRun:
    return TestRun(
        id=new_id(),
        environment=row.id,
        team=row.team,
        status=Status.RUNNING,
        modules=chosen.modules,
        tags=chosen.asked_tags,
        failed_of=chosen.failed_of,
        commit=row.commit,
        created_by=str(call.actor),
        created_at=now(),
        job=call.job,
    )


def _perform(work: RunningTests) -> Outcome[TestRunView]:
    """Run the tests, keep the results, and remove the clone also after a failure.

    The mark of the clone is removed last: until then recovery settles the row of a dead process.
    """
    try:
        work.perform()
        verdict = _judged(work)
        run = _keep(work, verdict, Status.OK if verdict.ok else Status.FAILED)
    except Failure as failure:
        _keep_failure(work, failure)
        raise
    except BaseException as error:
        _keep_unexpected(work, error)
        raise
    finally:
        is_clear = work.clear()
        if is_clear and work.deps.store.test_runs.by_id(work.run.id) is not None:
            work.deps.store.test_runs.update(work.run.id, clone=False)
    return told_run(work, verdict, run, is_clear=is_clear)


def _judged(work: RunningTests) -> RunVerdict:
    return judge_run(
        RunEvidence(
            chosen=work.chosen,
            records=work.records,
            result=work.result,
            is_late=work.is_late,
            timeout=work.timeout,
            own=repository_folders(work.row),
            memory_mb=work.deps.settings.teams[work.row.team].memory_mb,
        )
    )


def _keep(work: RunningTests, verdict: RunVerdict, status: Status) -> TestRun:
    odoo = work.records.odoo
    return work.deps.store.test_runs.update(
        work.run.id,
        verdict.results,
        status=status,
        finished_at=now(),
        seconds=work.seconds,
        summary=verdict.summary,
        odoo="" if odoo is None else odoo.text,
        counts=verdict.counts,
    )


def _keep_unexpected(work: RunningTests, error: BaseException) -> None:
    """Keep that an error of the server ended the run, so that its row does not stay `running`."""
    if work.deps.store.test_runs.by_id(work.run.id) is None:
        return
    work.deps.store.test_runs.update(
        work.run.id,
        status=Status.FAILED if isinstance(error, Exception) else Status.INTERRUPTED,
        finished_at=now(),
        seconds=work.seconds,
        summary="An unexpected error of the server ended the run; its log has it.",
    )


def _keep_failure(work: RunningTests, failure: Failure) -> None:
    """Keep what was known when the job was cancelled or the clone failed, and say where it is."""
    if work.deps.store.test_runs.by_id(work.run.id) is None:
        return
    verdict = _judged(work)
    is_cancelled = isinstance(failure, Cancelled)
    told = f" {work.records.progress} tests had run." if work.records.planned else ""
    failure.message = f"{failure.message}{told}"
    work.deps.store.test_runs.update(
        work.run.id,
        verdict.results if work.records.planned else (),
        status=Status.CANCELLED if is_cancelled else Status.FAILED,
        finished_at=now(),
        seconds=work.seconds,
        summary=failure.message,
        counts=verdict.counts,
    )
    if work.records.planned:
        shown = Next.of("get_test_run", "shows them", name=work.row.name, run=work.run.id)
        failure.next = (*failure.next, shown)
