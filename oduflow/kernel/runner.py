"""Run calls of operations: admit, then execute. No other code calls a handler.

Admit checks the permission, validates, finds the environment and takes the locks; a refusal is
audited and has no other effect. Execute runs the handler, audits and releases the locks. A slow
operation is admitted at once and executed as a job that keeps the locks. Reads and refused calls
repeat, so equal ones are counted instead of appended to the audit log.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from oduflow.domain.access import Actor
from oduflow.domain.audit.rows import AuditRow, may_repeat
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure, Kind, NotFound
from oduflow.domain.job import Job, Progress
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import FINISHED, Envelope, Outcome, Status
from oduflow.kernel.audited import audited_value
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.defects import defects_as_failures
from oduflow.kernel.jobs import Jobs
from oduflow.kernel.locks import Held, Locks, acquire_all
from oduflow.kernel.offers import callable_by, offering
from oduflow.kernel.operation import Operation
from oduflow.kernel.outputs import KeptOutput, keep_outcome
from oduflow.kernel.permission_check import (
    Uncounted,
    check_allowed,
    check_job,
    check_output,
    check_permission,
    find_environment,
)
from oduflow.kernel.ports import AuditSink, EnvironmentLookup, GrantUsage, OutputStore
from oduflow.kernel.registry import Registry
from oduflow.kernel.undo import keep_nothing, suggesting_undo, told
from oduflow.kernel.validation import conversion, validate

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that may run: permitted, validated, its locks held.

    Attributes:
        environment: the row of the environment that the call is about, read under its lock.
        converted: a warning that the name of a new thing is not what the caller wrote.
    """

    operation: Operation
    args: BaseModel
    actor: Actor
    origin: Origin
    held: Held | None
    since: float
    environment: Environment | None = None
    converted: str = ""

    def run(self, deps: Any, call: Call) -> Outcome[Any]:
        """Call the handler; before it, keep the state that an operation can be undone to."""
        operation, about = self.operation, self.environment
        if about is None:
            return operation.handler(deps, call, self.args)
        keep = operation.undo or keep_nothing
        kept = keep(deps, call, operation.name, self.args, about)
        with suggesting_undo(kept), defects_as_failures(operation.name):
            return told(operation.handler(deps, call, self.args, about), kept)


class Runner:
    """Runs operations for every face.

    Attributes:
        environments: finds the environment that a call is about.
        audit: records every call.
    """

    def __init__(
        self,
        registry: Registry,
        deps: Any,
        *,
        locks: Locks,
        jobs: Jobs,
        audit: AuditSink,
        environments: EnvironmentLookup,
        grants: GrantUsage,
        outputs: OutputStore,
    ) -> None:
        self.registry = registry
        self.jobs = jobs
        self.environments = environments
        self.audit = audit
        self._deps = deps
        self._locks = locks
        self._grants = grants
        self._outputs = outputs

    def call(
        self,
        name: str,
        raw: Mapping[str, Any],
        actor: Actor,
        origin: Origin,
        *,
        wait: float = 0,
        on_progress: Callable[[Job], None] | None = None,
        store_output: bool = True,
    ) -> Envelope[Any]:
        """Run one operation and return its envelope.

        Args:
            name: the operation.
            raw: the arguments as the caller sent them.
            actor: the caller.
            origin: the face and the client's address.
            wait: seconds to wait for a slow operation before returning its job's handle.
            on_progress: called with the job at each change while waiting.
            store_output: whether the whole output of a quick operation is stored; not for a page
                that polls, which would push out the outputs of other calls.

        Returns:
            The finished envelope, or status `queued` or `running` with the job's handle.

        Raises:
            Failure: the call was refused, or a quick operation failed.
        """
        may_call = callable_by(actor, self.registry)
        try:
            admitted = self.admit(name, raw, actor, origin)
            if not admitted.operation.slow:
                call = Call(actor, origin)
                return offering(self._execute(admitted, call, store_output=store_output), may_call)
            job = self._start(admitted)
        except Failure as failure:
            failure.next = tuple(filter(may_call, failure.next))
            raise
        waited = self.jobs.wait(actor.team, job.id, wait, on_progress)
        return self.handle(waited, actor, admitted.operation.envelope)

    def handle(
        self, job: Job, actor: Actor, shape: type[Envelope[Any]] = Envelope[Any]
    ) -> Envelope[Any]:
        """Return a job's envelope when it is finished, else its handle and the next calls.

        Args:
            job: the job's row.
            actor: the reader; calls that it may not make are not suggested.
            shape: the operation's envelope model, for a caller that needs typed data.
        """
        return offering(self._handle(job, shape), callable_by(actor, self.registry))

    def _handle(self, job: Job, shape: type[Envelope[Any]]) -> Envelope[Any]:
        if job.status in FINISHED and job.result is not None:
            return shape.model_validate(job.result)
        stop = Next.of("cancel_job", "stops it and undoes its steps", job=job.id)
        return Envelope[Any](
            status=job.status,
            summary=f"{job.operation} {job.target}: {progress_text(job)}",
            next=(
                Next.of("wait_for_job", "waits for its end", job=job.id),
                *((stop,) if self.jobs.cancellable(job) else ()),
            ),
            job=job.id,
        )

    def image(self, team: str, handle: str) -> bytes | None:
        """Return the image of an envelope that the team's caller has got; None if it is gone."""
        return self._outputs.read_image(team, handle)

    def environment_id(self, team: str, name: str) -> str | None:
        """Return the id of the team's environment of exactly that name, or None."""
        found = self.environments.get(team, name)
        return None if found is None else found.id

    def uncounted(self) -> "Runner":
        """Return a runner like this one whose calls are not counted against grants.

        For what a face lists by itself, such as the names that complete an argument.
        """
        return Runner(
            self.registry,
            self._deps,
            locks=self._locks,
            jobs=self.jobs,
            audit=self.audit,
            environments=self.environments,
            grants=Uncounted(),
            outputs=self._outputs,
        )

    def check(self, name: str, raw: Mapping[str, Any], actor: Actor) -> BaseModel:
        """Refuse what `call` would refuse, without a call: nothing is locked, counted or audited.

        Returns:
            The validated arguments.

        Raises:
            Failure: why not.
        """
        operation = self.registry.get(name)
        check_allowed(operation, actor)
        args = validate(operation, raw)
        self._find(operation, args, actor)
        return args

    def authorize(self, name: str, actor: Actor) -> None:
        """Refuse an actor who may not call an operation, for work that belongs to its calls.

        The parts of an upload belong to create_upload: a grant's calls are counted there.

        Raises:
            Forbidden: the actor may not call it.
        """
        check_allowed(self.registry.get(name), actor)

    def admit(self, name: str, raw: Mapping[str, Any], actor: Actor, origin: Origin) -> Admitted:
        """Check the permission, validate and lock; a refusal is audited.

        Raises:
            Failure: why not.
        """
        since = time.monotonic()
        operation = self.registry.get(name)
        taken = operation.arguments.model_fields.keys() & raw.keys()
        fields = {
            key: audited_value(operation, key, raw[key]) for key in operation.audit if key in taken
        }
        try:
            check_permission(self._grants, operation, actor)
            args = validate(operation, raw)
            environment, held = self._find(operation, args, actor), None
            if operation.check is not None:
                operation.check(self._deps, args)
            if operation.holds:
                environment, held = self._hold(operation, args, actor)
        except Failure as refusal:
            self._record(operation, actor, origin, fields, refusal.kind, since, repeats=True)
            raise
        converted = conversion(operation, raw, args)
        return Admitted(operation, args, actor, origin, held, since, environment, converted)

    def _find(self, operation: Operation, args: BaseModel, actor: Actor) -> Environment | None:
        """Find the environment before locking, so that a wrong name is refused without a lock."""
        check_job(self.jobs, operation, args, actor)
        check_output(self._outputs, operation, args, actor)
        try:
            return find_environment(self.environments, operation, args, actor)
        except NotFound:
            keys = operation.lock_keys(actor.team, args)
            if actor.environments is not None or all(map(self._locks.is_free, keys)):
                raise
        # The environment is being created and has no row yet: acquiring its lock raises Busy.
        self._acquire(operation, args, actor).release()
        return find_environment(self.environments, operation, args, actor)

    def _hold(
        self, operation: Operation, args: BaseModel, actor: Actor
    ) -> tuple[Environment | None, Held]:
        """Take the call's locks, then read the row that the handler gets.

        Before the lock was held, another environment may have taken the name. A call about a
        template or an extra repo that does not exist ends here too, before it is a job.
        """
        held = self._acquire(operation, args, actor)
        try:
            if operation.exists is not None:
                operation.exists(self._deps, actor.team, args)
            return find_environment(self.environments, operation, args, actor), held
        except BaseException:
            held.release()
            raise

    def _acquire(self, operation: Operation, args: BaseModel, actor: Actor) -> Held:
        keys = operation.lock_keys(actor.team, args)
        return acquire_all(self._locks, keys, f"{operation.name} by {actor}")

    def _start(self, admitted: Admitted) -> Job:
        operation, args = admitted.operation, admitted.args
        try:
            return self.jobs.start(
                operation.name,
                operation.subject(args, admitted.environment),
                admitted.actor,
                admitted.origin,
                lambda call: self._execute(admitted, call, store_output=True),
            )
        except BaseException as refusal:
            self._end(admitted, refusal.kind if isinstance(refusal, Failure) else Kind.INTERNAL)
            raise

    def _execute(self, admitted: Admitted, call: Call, *, store_output: bool) -> Envelope[Any]:
        operation = admitted.operation
        outcome: str = Kind.INTERNAL
        try:
            with defects_as_failures(operation.name):
                result = admitted.run(self._deps, call)
                kept = self._kept(admitted, result) if store_output else KeptOutput()
                answer = envelope(operation, result, call, kept)
            if admitted.converted:
                warnings = (admitted.converted, *answer.warnings)
                answer = answer.model_copy(update={"warnings": warnings})
            outcome = Status.OK
        except Failure as failure:
            outcome = failure.kind
            if failure.__cause__ is not None:
                # Most are a user's mistake, such as an unknown host: a line, no traceback.
                log.info("%s failed: %s (cause: %r)", operation.name, failure, failure.__cause__)
                log.debug("%s failed", operation.name, exc_info=failure)
            raise
        finally:
            self._end(admitted, outcome)
        return answer

    def _kept(self, admitted: Admitted, result: Outcome[Any]) -> KeptOutput:
        # The output of a call that locks something else, too, may be about that.
        found = None if admitted.operation.locks else admitted.environment
        about, team = found.id if found else "", admitted.actor.team
        return keep_outcome(self._outputs, result, team=team, environment=about)

    def _end(self, admitted: Admitted, outcome: str) -> None:
        """Release the locks, and record how the call ended."""
        if admitted.held is not None:
            admitted.held.release()
        operation, args = admitted.operation, admitted.args
        fields = {key: audited_value(operation, key, getattr(args, key)) for key in operation.audit}
        self._record(
            operation,
            admitted.actor,
            admitted.origin,
            fields,
            outcome,
            admitted.since,
            repeats=may_repeat(operation.permission.tier, slow=operation.slow, outcome=outcome),
        )

    def _record(
        self,
        operation: Operation,
        actor: Actor,
        origin: Origin,
        fields: Mapping[str, Any],
        outcome: str,
        since: float,
        *,
        repeats: bool,
    ) -> None:
        remember = self.audit.count if repeats else self.audit.append
        remember(
            AuditRow(
                time=now(),
                actor=actor,
                face=origin.face,
                address=origin.address,
                operation=operation.name,
                fields=fields,
                outcome=outcome,
                duration_ms=round((time.monotonic() - since) * 1000),
            )
        )


def envelope(
    operation: Operation, outcome: Outcome[Any], call: Call, kept: KeptOutput
) -> Envelope[Any]:
    """Return the envelope of a handler's outcome."""
    return operation.envelope(
        status=outcome.status,
        summary=outcome.summary,
        data=outcome.data,
        error=outcome.error,
        warnings=(*outcome.warnings, *kept.warnings),
        next=(*outcome.next, *kept.next),
        job=call.job or None,
        output=kept.handle,
        image=kept.image or outcome.stored_image or None,
        truncated=outcome.truncated or None,
        snapshot=outcome.snapshot or None,
    )


def progress_text(job: Job) -> str:
    """Return a job's progress as one line of text."""
    if job.position:
        return f"waiting for a boot slot, number {job.position} in the queue"
    progress: Progress | None = job.progress
    if progress is None:
        return str(job.status)
    if not progress.total:
        return progress.message
    return f"step {progress.done} of {progress.total}: {progress.message}"
