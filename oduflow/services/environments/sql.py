"""Run SQL of callers in an environment's database."""

from oduflow.adapters.postgres.agent_sql import AgentSql
from oduflow.domain.counting import counted
from oduflow.domain.environment import UNFINISHED, Environment
from oduflow.domain.errors import Conflict
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.sql import (
    ExecuteSql,
    QueryDatabase,
    SqlView,
    SqlWritten,
    page_of,
)
from oduflow.files.private import ensure_secret
from oduflow.kernel.call import Call
from oduflow.services.groups import PostgresGroup


def query(
    naming: Naming, postgres: PostgresGroup, row: Environment, args: QueryDatabase
) -> Outcome[SqlView]:
    """Return rows of a statement that may not write.

    Raises:
        Conflict: the environment has no database yet, or none any more.
        StatementFailed: PostgreSQL refused the statement.
    """
    if row.state in UNFINISHED:
        progress = Next.of("get_environment", "shows how far it is", name=row.name)
        raise Conflict(f"{row.name} {row.state.sentence}.", "", progress)
    found = _sql(naming, postgres, row).read(
        args.sql, limit=args.limit, offset=args.offset, explain=args.explain
    )
    page = page_of(found)
    view = SqlView(
        columns=found.columns,
        rows=page.rows,
        next_offset=args.offset + len(page.rows) if page.more else None,
    )
    what = counted(len(page.rows), "line" if args.explain else "row")
    more = ("Without ORDER BY the next rows may repeat some.",) if page.more else ()
    return Outcome(
        view,
        f"{what}, and there are more." if page.more else f"{what}.",
        warnings=more,
        output=page.whole,
        truncated=page.more or bool(page.whole),
    )


def execute(
    naming: Naming, postgres: PostgresGroup, call: Call, row: Environment, args: ExecuteSql
) -> Outcome[SqlView]:
    """Run a statement as the environment's own role, and commit it.

    Raises:
        StatementFailed: PostgreSQL refused it; nothing was changed.
    """
    call.report("sql", "running the statement", 1, 1)
    done = _sql(naming, postgres, row).write(args.sql, cancelled=call.cancelled)
    page = page_of(done.returned)
    view = SqlView(
        columns=done.returned.columns,
        rows=page.rows,
        affected=done.affected,
    )
    more = ("Only the first rows that it returned are shown.",) if page.more else ()
    return Outcome(
        view,
        f"{done.tag} was committed." if done.wrote else f"{done.tag} changed nothing.",
        warnings=(*more, *_caches(done)),
        next=_restart(row) if done.wrote else (),
        output=page.whole,
        truncated=page.more or bool(page.whole),
    )


def _caches(done: SqlWritten) -> tuple[str, ...]:
    if not done.wrote:
        return ()
    odoo = (
        "Odoo reads its caches again at its next request"
        if done.signalled
        else "Odoo may answer from its caches until it is restarted"
    )
    return (f"{odoo}. No constraint or computed field of Odoo's code was applied.",)


def _restart(row: Environment) -> tuple[Next, ...]:
    reason = "is needed after a change of models, fields or modules"
    return (Next.of("restart_environment", reason, name=row.name),)


def _sql(naming: Naming, postgres: PostgresGroup, row: Environment) -> AgentSql:
    plan = EnvironmentPlan.of(naming, row)
    return postgres.agent_sql(
        row.team,
        plan.database,
        ensure_secret(plan.secrets / "database_password"),
        ensure_secret(plan.secrets / "reader_password"),
    )
