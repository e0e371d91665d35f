"""What every face is handed: the settings, the runner with its registry, and the probes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from oduflow.blueprints.health.ports import Probe
from oduflow.blueprints.ports import Stands, TokenVerifier, always
from oduflow.blueprints.slots import Slots
from oduflow.kernel.ports import AuditSink
from oduflow.kernel.runner import Runner
from oduflow.settings import Settings

EXTENSION = "oduflow"


@dataclass(frozen=True, slots=True)
class Context:
    """One application's parts, as its faces may know them.

    Attributes:
        audit: where sign-ins and refusals are remembered, beside the runner's calls.
        verifiers: who knows Bearer tokens besides the static ones, in the order they are asked.
        stands: whether what let an actor in still would; asked again while a stream is open.
        draining: set at SIGTERM; new work is refused with 503 from then on.
        slots: who may keep a thread waiting, on every face.
    """

    settings: Settings
    runner: Runner
    probe: Probe
    audit: AuditSink
    verifiers: Sequence[TokenVerifier] = ()
    stands: Stands = always
    draining: threading.Event = field(default_factory=threading.Event)
    slots: Slots = field(default_factory=Slots)


def context() -> Context:
    """Return the running application's parts."""
    return cast("Context", current_app.extensions[EXTENSION])
