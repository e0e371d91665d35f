"""Locks between processes: flock on files in the data folder, which the kernel frees at death."""

from oduflow.adapters.locks.files import FileLocks
from oduflow.adapters.locks.flock import HeldLock
from oduflow.adapters.locks.server import ServerLock
from oduflow.adapters.locks.slots import FileBootSlots

__all__ = ["FileBootSlots", "FileLocks", "HeldLock", "ServerLock"]
