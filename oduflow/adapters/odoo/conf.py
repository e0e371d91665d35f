"""`odoo.conf`, from the file that ships with the product."""

from dataclasses import dataclass
from importlib import resources

ADDONS_ROOT = "/mnt/repo"
CONF_TARGET = "/etc/odoo/odoo.conf"


@dataclass(frozen=True, slots=True)
class OdooConf:
    """What one environment's Odoo is told.

    Attributes:
        admin_passwd: hash of the database manager's password, never the password.
        db_host: the database's address on the team's network.
        db_name, db_user, db_password: the environment's own.
        addons_path: folders inside the container that hold modules, besides Odoo's own.
        proxy_mode: whether a reverse proxy of ours stands in front.
        db_maxconn: connections at most, below the role's limit.
    """

    admin_passwd: str
    db_host: str
    db_name: str
    db_user: str
    db_password: str
    addons_path: tuple[str, ...] = ()
    proxy_mode: bool = False
    db_port: int = 5432
    db_maxconn: int = 16

    def render(self) -> str:
        """Write the file."""
        text = (resources.files(__package__) / "odoo.conf").read_text("utf-8")
        return text.format(
            admin_passwd=self.admin_passwd,
            db_host=self.db_host,
            db_port=self.db_port,
            db_name=self.db_name,
            db_user=self.db_user,
            db_password=self.db_password,
            db_maxconn=self.db_maxconn,
            addons_path=",".join(self.addons_path),
            proxy_mode=self.proxy_mode,
        )
