"""Write an environment's `odoo.conf` from the template beside this module."""

from dataclasses import asdict, dataclass
from importlib import resources

from oduflow.domain.errors import Invalid
from oduflow.domain.plan import ODOO_PORT

ADDONS_ROOT = "/mnt/repo"
EXTRA_ROOT = "/mnt/extra"
CONF_TARGET = "/etc/odoo/odoo.conf"
DATA_TARGET = "/var/lib/odoo"
REPORT_URL = f"http://127.0.0.1:{ODOO_PORT}"  # where wkhtmltopdf, beside Odoo, fetches styles


@dataclass(frozen=True, slots=True)
class OdooConf:
    """The options of one environment's Odoo.

    Attributes:
        admin_passwd: hash of the database manager's password, never the password.
        db_host: the database's address on the team's network.
        db_name, db_user, db_password: the environment's own.
        addons_path: folders of modules inside the container, besides Odoo's own.
        proxy_mode: whether requests come through a reverse proxy of ours.
        db_maxconn: the most connections, below the role's limit.
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
        """Return the text of the file.

        Raises:
            Invalid: a value has a line break or another control character.
        """
        values = asdict(self) | {"addons_path": ",".join(self.addons_path)}
        unprintable = [key for key, value in values.items() if not str(value).isprintable()]
        if unprintable:
            raise Invalid(
                f"odoo.conf cannot hold the control characters of {', '.join(unprintable)}."
            )
        text = (resources.files(__package__) / "odoo.conf").read_text("utf-8")
        return text.format(**values)
