"""Change modules for an operation: the checks come before the snapshot that undoes it."""

from oduflow.domain.environment import Environment
from oduflow.domain.module_change import ChangeModules, ModuleAction, ModulesChanged
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.undo import Undo
from oduflow.services.deps import Deps
from oduflow.services.environments.module_change.change import ModulesChange
from oduflow.services.environments.module_change.tell import told_change
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.snapshots.automatic import snapshot_before


def snapshot_if_possible(
    deps: Deps, call: Call, operation: str, args: ChangeModules, environment: Environment
) -> Undo | None:
    """Take a snapshot before a change of modules that nothing speaks against.

    Raises:
        Failure: what `ModulesChange.check` refuses; nothing was done.
    """
    kind = next(each for each in ModuleAction if each.operation == operation)
    refuse_unfinished(deps, environment)
    _change(deps, call, environment, kind, args).check()
    return snapshot_before(deps, call, operation, args, environment)


def change_modules(
    deps: Deps, call: Call, environment: Environment, kind: ModuleAction, args: ChangeModules
) -> Outcome[ModulesChanged]:
    """Install, upgrade or uninstall modules, and tell what became of them.

    Raises:
        Failure: as `ModulesChange.run` lists them.
    """
    work = _change(deps, call, environment, kind, args)
    work.check()
    work.run()
    return told_change(work)


def _change(
    deps: Deps, call: Call, environment: Environment, kind: ModuleAction, args: ChangeModules
) -> ModulesChange:
    modules = tuple(dict.fromkeys(args.modules))
    return ModulesChange(deps=deps, call=call, row=environment, kind=kind, modules=modules)
