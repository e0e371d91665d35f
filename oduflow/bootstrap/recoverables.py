"""Register the nouns that recovery, adoption, doctor and destroy handle."""

from oduflow.services.deps import Deps
from oduflow.services.environments.reading_copy import ReadingCopyRecovery
from oduflow.services.environments.recover import EnvironmentRecovery
from oduflow.services.environments.warm.recover import WarmSlotRecovery
from oduflow.services.extra_repos.recover import ExtraRepoRecovery
from oduflow.services.isolation.recover import CanaryRecovery
from oduflow.services.recoverable import Recoverable
from oduflow.services.server.links import LinkRecovery
from oduflow.services.server.outputs import OutputRecovery
from oduflow.services.server.recover import ServerRecovery
from oduflow.services.snapshots.recover import SnapshotRecovery
from oduflow.services.storage.recover import PoolRecovery
from oduflow.services.storage.settle import MoveRecovery
from oduflow.services.templates.recover import TemplateRecovery
from oduflow.services.test_runs.recover import TestRunRecovery
from oduflow.services.uploads.recover import UploadRecovery


def recoverables(deps: Deps) -> tuple[Recoverable, ...]:
    """Return every noun, each after those that it depends on."""
    return (
        ServerRecovery(deps.naming, deps.engine.containers, deps.infrastructure.databases),
        ExtraRepoRecovery(deps),
        TemplateRecovery(deps),
        WarmSlotRecovery(deps),
        EnvironmentRecovery(deps),
        ReadingCopyRecovery(deps.infrastructure.databases, deps.postgres),
        SnapshotRecovery(deps),
        TestRunRecovery(deps),
        CanaryRecovery(deps),
        MoveRecovery(deps),
        PoolRecovery(deps.infrastructure.pool, deps.engine.volumes),
        UploadRecovery(deps),
        LinkRecovery(deps.work.links),
        OutputRecovery(deps.work.outputs, deps.store.environments),
    )
