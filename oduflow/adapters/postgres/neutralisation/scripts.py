"""Run the team's SQL scripts as the database's own role, all or none."""

from collections.abc import Sequence

import psycopg
from psycopg.pq import TransactionStatus

from oduflow.adapters.postgres.connection import Session
from oduflow.adapters.postgres.neutralisation.failures import said_by
from oduflow.adapters.postgres.neutralisation.statements import statements
from oduflow.domain.neutralised import NotNeutralised, SqlScript

_HINT = "Correct the script on the server, then import again."
_TRANSACTION = "SELECT pg_catalog.pg_current_xact_id()::text"


def run_scripts(session: Session, scripts: Sequence[SqlScript]) -> None:
    """Run every script in one transaction.

    Raises:
        NotNeutralised: names the script and the line of the statement that failed.
    """
    with session.transaction():
        [(begun,)] = session.run(_TRANSACTION)
        for script in scripts:
            for line, statement in statements(script.text):
                _run(session, script, line, statement)
                inside = session.info.transaction_status == TransactionStatus.INTRANS
                if not inside or session.run(_TRANSACTION) != [(begun,)]:
                    raise NotNeutralised(
                        f"The database was not neutralised: script {script.name}, line {line}, "
                        "ends the transaction.",
                        "Leave BEGIN, COMMIT and ROLLBACK out: all scripts are one transaction.",
                    )


def _run(session: Session, script: SqlScript, line: int, statement: str) -> None:
    try:
        session.execute(statement.encode())
    except psycopg.OperationalError:
        raise
    except psycopg.Error as cause:
        position = int(cause.diag.statement_position or 1)
        line += statement.count("\n", 0, position - 1)
        raise NotNeutralised(
            f"The database was not neutralised: script {script.name}, line {line}, failed.",
            _HINT,
            output=said_by(cause),
        ) from cause
