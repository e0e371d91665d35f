"""The blocks of an image: written in place, and all of them the file system's."""

import fcntl
import os
import struct
from pathlib import Path

from oduflow.adapters.pool.mounts import type_of
from oduflow.domain.errors import UpstreamFailed

# Each write takes new blocks there. Forbidding that for a file of btrfs (chattr +C) does not
# help: on a full disk, a write to its allocated blocks did not end within half a minute.
_COPYING = frozenset({"bcachefs", "btrfs", "zfs"})

# xfs/libxfs/xfs_fs.h: struct xfs_fsop_geom_v1 begins with eight numbers of 32 bits, of which the
# first is the size of a block, and then says how many blocks there are.
_GEOMETRY, _GEOMETRY_BYTES, _HEAD = 0x80705864, 112, struct.Struct("=8LQ")


def refuse_copying(folder: Path) -> None:
    """Refuse a file system on which allocated blocks are not overwritten where they are.

    Raises:
        UpstreamFailed: on a full disk it loses writes to a file that has all of its blocks.
    """
    kind = type_of(folder)
    if kind in _COPYING:
        raise UpstreamFailed(
            f"The data folder's file system, {kind}, is copy-on-write: on a full disk, a pool "
            "in it would lose what was written.",
            "Put data_dir on ext4 or XFS, or continue without a pool.",
        )


def xfs_bytes(folder: Path) -> int:
    """Return the size of the XFS that is mounted at a folder, its journal included.

    Raises:
        OSError: it cannot be asked, as one that has shut itself down.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        told = fcntl.ioctl(descriptor, _GEOMETRY, bytes(_GEOMETRY_BYTES))
    finally:
        os.close(descriptor)
    size, *_others, blocks = _HEAD.unpack_from(told)
    return int(size * blocks)
