"""What is known of one change of modules."""

from dataclasses import dataclass, field

from oduflow.domain.environment import Environment
from oduflow.domain.module_change import ModuleAction, OdooVerdict, Records
from oduflow.services.environments.module_change.output import OdooOutput


@dataclass(slots=True, kw_only=True)
class ChangeFacts:
    """What was asked for, and what is known so far.

    Attributes:
        row: the environment.
        kind: what to do with the modules.
        modules: those that were asked for.
        before, after: the modules in the database.
        verdict: what Odoo said; None if it said nothing.
        actions: what was done, for the answer.
        output: what Odoo printed.
        seconds: how long the whole took.
    """

    row: Environment
    kind: ModuleAction
    modules: tuple[str, ...]
    before: Records = field(default_factory=dict)
    after: Records = field(default_factory=dict)
    verdict: OdooVerdict | None = None
    actions: list[str] = field(default_factory=list)
    output: OdooOutput = field(default_factory=OdooOutput)
    seconds: float = 0.0
