"""Build the Docker adapters over one connection."""

from dataclasses import dataclass
from functools import partial
from typing import Self

from oduflow.adapters.docker.build import build_image
from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.control_groups import ControlGroups
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.team_users import team_user
from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.filestore.overlay import overlay_refusal
from oduflow.adapters.pool.pools import Pools
from oduflow.domain.plan import Naming
from oduflow.files.process_mark import process_mark
from oduflow.services.groups import EngineGroup


@dataclass(frozen=True, slots=True)
class Docker:
    """One connection to the engine, and the adapters that use it."""

    engine: Engine
    group: EngineGroup
    networks: Networks

    @classmethod
    def over(cls, engine: Engine, naming: Naming, pools: Pools) -> Self:
        """Return the adapters over a connection; new volumes are kept in the pools."""
        labels = naming.labels("inspect", process=process_mark())
        images = Images(engine, build_image, labels, prefix=naming.instance)
        group = EngineGroup(
            Containers(engine, ControlGroups(naming, engine.cgroup_driver)),
            images,
            Volumes(engine, pools),
            partial(team_user, naming.instance),
            overlay_refusal,
        )
        return cls(engine, group, Networks(engine))
