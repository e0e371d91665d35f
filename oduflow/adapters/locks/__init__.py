"""Locks between processes: flock on files in the data folder; the kernel frees a dead holder's."""

from oduflow.adapters.locks.files import FileLocks
from oduflow.adapters.locks.flock import HeldLock
from oduflow.adapters.locks.server import ServerLock
from oduflow.adapters.locks.slots import FileBootSlots

__all__ = ["FileBootSlots", "FileLocks", "HeldLock", "ServerLock"]
