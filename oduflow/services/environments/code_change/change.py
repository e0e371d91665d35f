"""Bring an environment's Odoo up to date with a state of its checkout, prove it, or go back.

What changed is compared first, so that most refusals change nothing. Data are written only after a
snapshot was taken. The serving Odoo is not touched before a second one, beside it, has loaded the
new code and changed the database for it without an error. From the first change on, the way back is
in the row: a process that is killed leaves it to the reconcile loop (`back`).
"""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from oduflow.adapters.git.states import States
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.changes.inputs import OnFailure
from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Cancelled, Failure, OdooFailed, UpstreamFailed
from oduflow.domain.pending_change import CODE_CHANGE, PendingChange
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.services.environments.code_change.back import bring_back
from oduflow.services.environments.code_change.beside import OdooBeside
from oduflow.services.environments.code_change.bundles import Get, require_bundles
from oduflow.services.environments.code_change.checks import (
    leave_out_unusable,
    refuse_changed_database,
    refuse_unreadable,
    refuse_unusable,
    refuse_without_code,
    warn_of_linked,
)
from oduflow.services.environments.code_change.facts import CodeFacts
from oduflow.services.environments.code_change.outcome import (
    done_by,
    name_undo,
    not_back,
    was_kept,
    went_back,
)
from oduflow.services.environments.code_change.prepare import (
    is_replaced,
    needs_packages,
    prepare_containers,
)
from oduflow.services.environments.code_change.serve import serve
from oduflow.services.environments.code_change.undo import take_snapshot
from oduflow.services.environments.module_change.available import find_available
from oduflow.services.environments.module_change.settle import (
    modules_of,
    settle_states,
    tenant_of,
)
from oduflow.services.environments.module_change.take_over import serving_log
from oduflow.services.environments.states import states_of, with_state
from oduflow.services.environments.wait import address_of
from oduflow.services.saga import Saga, Step

log = logging.getLogger(__name__)

_TRIES = 2  # the second one with what the first one showed
_EARLY = frozenset({"uninstall", "checkout"})  # until the files are all there


@dataclass(slots=True, kw_only=True)
class CodeChange(CodeFacts):
    """One change of code, of which everything is known that can be known before."""

    _pending: PendingChange = field(init=False)
    _beside: OdooBeside | None = None
    _logged: str = ""
    _step: str = ""
    _wrote_unasked: bool = False  # code that is loaded may write without an upgrade

    def run(self) -> None:
        """Do it.

        Raises:
            OdooFailed: Odoo failed.
            Failure: it was cancelled, or a part of the product failed; the hint says what was
                brought back, or kept.
        """
        started = time.monotonic()
        with self._slot():  # first: what users write between snapshot and failure goes back
            if self.plan.writes:
                self.undo = take_snapshot(self)
            self._begin()
            try:
                Saga(CODE_CHANGE, self.steps(), self.on_step, self.deps.work.failpoints).run()
            except Failure as failure:
                self._failed(failure)
                raise
        self.seconds = round(time.monotonic() - started, 2)

    def steps(self) -> tuple[Step, ...]:
        """List the steps; `_failed` undoes them as a whole."""
        gone = self.plan.uninstall
        removal = Step("uninstall", "uninstalling modules that are gone", self.uninstall)
        return (
            *((removal,) if gone else ()),
            Step("checkout", "checking the files out", self.checkout),
            Step("check", "checking modules and packages", self.check),
            Step("odoo", "loading the code beside the serving Odoo", self.odoo),
            Step("serving", "letting the serving Odoo take over", self.serving),
            Step("bundles", "requesting bundles", self.bundles),
            Step("finish", "keeping what was applied", self.finish),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins; once Odoo has committed, it can no longer be cancelled."""
        self._step = step.name
        early = step.name in _EARLY | {"check", "odoo"}
        (self.call.report if early else self.call.tell)(step.name, step.message, number, total)

    def uninstall(self) -> None:
        """Uninstall modules with the newest code of theirs that was loaded, hooks included.

        Raises:
            Conflict: Odoo does not find the code of one of them.
        """
        gone = self.plan.uninstall
        for state in dict.fromkeys(self.last.values()):
            some = tuple(name for name in gone if self.last[name] == state)
            self._switch(state, self.first.commit)
            self.found = find_available(self.deps, self.call, self.row, self.image)
            refuse_without_code(self, some)
            beside = self._new_beside()
            self._note(wrote=True, served=True)  # the serving Odoo reloads its registry
            beside.uninstall(some)
            beside.require_success()
            self.after = beside.after
        self.actions.append(done_by(Need.UNINSTALL, gone))
        self._record_modules(())

    def checkout(self) -> None:
        """Make the files those that are wanted, and prove it."""
        self._switch(self.target.state, self.target.commit)
        states = self._states
        with self.deps.git.repositories.place(self.row.team):
            if not states.is_at(self.target.state, self.target.commit):
                raise UpstreamFailed(
                    "The files are not those of the commit after they were checked out.",
                    "Run `oduflow doctor`: it checks disk and rights.",
                )

    def check(self) -> None:
        """Refuse what Odoo could not load, and prepare packages and addons path."""
        before = self.found.available.modules
        self.found = find_available(self.deps, self.call, self.row, self.image)
        refuse_unreadable(self)
        warn_of_linked(self, before)
        if needs_packages(self) or not self.found.is_on_path:
            self._note(replaced=True)
            prepare_containers(self)
        if is_replaced(self) and not self._pending.replaced:
            self._note(replaced=True)
        refuse_unusable(self)
        leave_out_unusable(self)

    def odoo(self) -> None:
        """Load the code, and change the database for it, in a container of its own."""
        if not self._needs_odoo:
            return
        refuse_changed_database(self)
        for number in range(1, _TRIES + 1):
            beside = self._beside = self._new_beside()
            wrote_before = self._pending.wrote
            if self.plan.writes:
                self._reset()
                self._note(wrote=True)
            beside.apply(self.plan)
            if beside.wrote_nothing:
                self._note(wrote=wrote_before)
            self._wrote_unasked |= not self.plan.writes and beside.wrote
            self.after, self.verdict = beside.after, beside.verdict
            self.printed = beside.output.text
            more = beside.instead(self.plan) if number < _TRIES else None
            if more is None:
                break
            log.info("%s is changed in another way: %s", self.row.name, beside.problem)
            self._do_more(more)
        self._beside_succeeded()

    def serving(self) -> None:
        """Let the serving Odoo take over."""
        self._record_modules(self.plan.install)  # first: a rebuild would install what is gone
        self._note(served=True)
        replaced, was = self._pending.replaced, self.first.state
        try:
            done = serve(self.deps, self.call, self.row, was, self.plan, replaced=replaced)
        except OdooFailed as failure:
            failure.hint = "Odoo does not serve with it."
            raise
        if done:
            self.actions.append(done)

    def bundles(self) -> None:
        """Prove that the serving Odoo answers with the bundles that may have changed."""
        made = self.verdict.bundles if self.verdict is not None else None
        if not self.plan.bundles or made is None:
            return
        if self.first.state is not EnvironmentState.STOPPED:
            address = address_of(
                self.deps.engine.containers.facts(self.names.container), self.names
            )
            get: Get = lambda path: self.deps.readiness.page(address, path) if address else None  # noqa: E731
            require_bundles(get, made, self.found.available.inventory.rules.series)
        verb = "rebuilt" if self.plan.assets else "checked"
        if made:
            self.actions.append(f"{verb} the bundles {', '.join(each.name for each in made)}")

    def finish(self) -> None:
        """Write that it is done, and forget the way back, in one write."""
        states, target, store = self._states, self.target, self.deps.store
        with self.deps.git.repositories.place(self.row.team):
            applied = states.stamped(target.state, target.commit)
            self.edits = len(states.compare(target.commit, applied))
        self.row = store.environments.update(
            self.row.id,
            commit=target.commit,
            branch=target.branch,
            requested_branch=target.requested_branch,
            applied=(applied,),
            applying=None,
            step="",
            job="",
        )
        if target.follows:
            self.deps.branches.record(self.row, target.commit)

    @property
    def _states(self) -> States:
        return states_of(self.deps.naming, self.deps.git, self.call, self.row)

    @property
    def _needs_odoo(self) -> bool:
        return (
            self.plan.needs_odoo
            or self._pending.replaced
            or self.first.state is EnvironmentState.FAILED
        )

    def _slot(self) -> AbstractContextManager[None]:
        """Hold a boot slot for work that starts an Odoo."""
        starts = self.first.state is EnvironmentState.FAILED or is_replaced(self)
        light = self.plan.is_nothing and not starts
        return nullcontext() if light else self.call.boot_slot(BootKind.INSTALL)

    def _begin(self) -> None:
        """Write the way back into the row, before anything is changed."""
        self._logged = serving_log(self.deps.engine.containers, self.names)
        self._pending = PendingChange(
            state=self.target.old,
            commit=self.first.commit,
            snapshot=self._snapshot_id(),
            python_deps=self.first.python_deps,
            was=str(self.first.state),
            error=self.first.error,
            target=self.target.state,
        )
        self.row = self.deps.store.environments.update(
            self.row.id, step=CODE_CHANGE, job=self.call.job, applying=self._pending
        )

    def _snapshot_id(self) -> str:
        name = "" if self.undo is None else self.undo.snapshot
        rows = self.deps.store.snapshots.of(self.row.id) if name else ()
        return next((row.id for row in rows if row.name == name), "")

    def _note(self, **facts: bool | str) -> None:
        """Write what the way back has to take into account from now on."""
        self._pending = self._pending.model_copy(update=facts)
        self.row = self.deps.store.environments.update(self.row.id, applying=self._pending)

    def _switch(self, state: str, commit: str) -> None:
        """Make the files those of a state."""
        repositories, names = self.deps.git.repositories, self.names
        monitor = ProgressMonitor(lambda line: self.call.tell("checkout", line))
        states = self._states
        with repositories.place(self.row.team):
            if states.is_at(state, commit) and states.resolved("HEAD") == commit:
                return
            now = states.keep(states.resolved("HEAD"))
            linked = states.pins_differ(now, state)
            repositories.work_tree(names.git_dir, names.checkout, monitor).restore(state, commit)
        if linked:
            repositories.fill_submodules(
                self.row.repo_url,
                team=self.row.team,
                git_dir=names.git_dir,
                work_tree=names.checkout,
                monitor=monitor,
            )

    def _new_beside(self) -> OdooBeside:
        return OdooBeside(
            deps=self.deps,
            call=self.call,
            row=self.row,
            image=self.image,
            found=self.found,
            known=self._logged,
        )

    def _reset(self) -> None:
        """Take back what an earlier process was about to do, which Odoo would continue."""
        tenant = tenant_of(self.deps.naming, self.deps.postgres, self.row)
        if left := tenant.reset_module_states():
            self.actions.append(f"reset the states of {', '.join(left)}, which were left over")

    def _do_more(self, plan: ApplyPlan) -> None:
        """Go on with a plan that writes data, of which a snapshot is taken first."""
        self.plan = plan
        if self.undo is not None or self._pending.wrote:
            return
        self._switch(self.target.old, self.first.commit)  # the snapshot is of the files of before
        self.undo = take_snapshot(self)
        self._note(snapshot=self._snapshot_id())
        self._switch(self.target.state, self.target.commit)

    def _beside_succeeded(self) -> None:
        """Go on only if everything proves the success of the second Odoo."""
        beside = self._beside
        if beside is None:
            return
        beside.require_success()
        plan = self.plan
        for need, names in ((Need.UPGRADE, plan.upgrade), (Need.INSTALL, plan.install)):
            if names:
                self.actions.append(done_by(need, names))
        for module, files in plan.reload.items():
            self.actions.append(f"loaded {', '.join(files)} of {module} in place")
        for module, codes in plan.translations.items():
            self.actions.append(f"loaded the terms of {module} in {', '.join(codes)}")
        if beside.verdict is not None and beside.verdict.kept:
            kept = ", ".join(beside.verdict.kept[:5])
            self.warnings.append(
                f"{kept}: noupdate in the database, so Odoo kept it as it was there."
            )
        if plan.writes:
            self._reset()

    def _record_modules(self, added: tuple[str, ...]) -> None:
        if self.after:
            modules = modules_of(self.row, self.after, added)
            self.row = self.deps.store.environments.update(self.row.id, modules=modules)

    def _failed(self, failure: Failure) -> None:
        """Bring the environment back, or keep what was done, and tell it."""
        keep = self.args.on_failure is OnFailure.KEEP and self._step not in _EARLY
        if not self._is_under_way():
            return  # it was finished before
        name_undo(failure, self.undo)
        try:
            if keep and not isinstance(failure, Cancelled):
                self._keep(failure)
                return
            self.row, kept = bring_back(self.deps, self.call, self.first, self._pending)
        except Failure as other:
            log.exception("%s is not back, or does not serve as before", self.row.name)
            not_back(failure, self.first, other, again=self._is_under_way())
        else:
            wrote = self._wrote_unasked
            went_back(failure, self.first, self._pending, kept, wrote_unasked=wrote)

    def _is_under_way(self) -> bool:
        row = self.deps.store.environments.by_id(self.row.id)
        return row is not None and row.applying is not None

    def _keep(self, failure: Failure) -> None:
        """Leave the files and what Odoo had finished, for a look at it."""
        target = self.target
        if self._pending.wrote:
            self.after = settle_states(self.deps, self.row)
            self._record_modules(())
        self.row = self.deps.store.environments.update(
            self.row.id,
            commit=target.commit,
            branch=target.branch,
            requested_branch=target.requested_branch,
            applied=with_state(self.first, target.state),
            applying=None,
            step="",
            job="",
        )
        was_kept(failure, self, served=self._pending.served)
