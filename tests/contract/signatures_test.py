"""Every part in memory can be called as the adapter that it replaces."""

from inspect import signature

import pytest

from oduflow.adapters.cimd.documents import DocumentFetcher
from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.git.edits import Edits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.states import States
from oduflow.adapters.postgres.agent_sql import AgentSql
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.adapters.store import RateLimits
from oduflow.blueprints.ports import Probe
from oduflow.services.server.reconcile_loop import ReconcileLoop
from oduflow.services.uploads.receive import UploadReceiver
from tests.support.fake_uploads import FakeUploads
from tests.support.fakes import FakeProbe, FakeRateLimits, FakeReconcileLoop
from tests.support.memory.agent_sql import MemoryAgentSql
from tests.support.memory.containers import MemoryContainers, MemoryNetworks
from tests.support.memory.edits import MemoryEdits
from tests.support.memory.firewall import MemoryFirewall
from tests.support.memory.git import MemoryGit
from tests.support.memory.images import MemoryImages
from tests.support.memory.postgres import MemoryCluster, MemoryTenant
from tests.support.memory.states import MemoryStates
from tests.support.memory.volumes import MemoryVolumes
from tests.support.oauth_stores import MemoryDocuments

PARTS = [
    (Containers, MemoryContainers),
    (Images, MemoryImages),
    (Networks, MemoryNetworks),
    (Volumes, MemoryVolumes),
    (Firewall, MemoryFirewall),
    (GitRepositories, MemoryGit),
    (Edits, MemoryEdits),
    (States, MemoryStates),
    (Cluster, MemoryCluster),
    (Tenant, MemoryTenant),
    (AgentSql, MemoryAgentSql),
    (DocumentFetcher, MemoryDocuments),
    (Probe, FakeProbe),
    (RateLimits, FakeRateLimits),
    (ReconcileLoop, FakeReconcileLoop),
    (UploadReceiver, FakeUploads),
]


@pytest.mark.parametrize(("adapter", "fake"), PARTS, ids=lambda each: each.__name__)
def test_a_part_in_memory_has_the_adapters_methods(adapter, fake):
    assert {name: calls(getattr(fake, name, None)) for name in public(adapter)} == {
        name: calls(getattr(adapter, name)) for name in public(adapter)
    }


def public(part):
    return [name for name, each in vars(part).items() if callable(each) and name[0] != "_"]


def calls(method):
    """Describe how a method is called: names, kinds and defaults of its parameters."""
    if method is None:
        return None
    found = signature(method).parameters.values()
    return [(each.name, each.kind, each.default) for each in found]
