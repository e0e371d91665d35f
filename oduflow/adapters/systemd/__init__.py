"""systemd: the server as a service of the machine."""

from oduflow.adapters.systemd.service import SystemdService

__all__ = ["SystemdService"]
