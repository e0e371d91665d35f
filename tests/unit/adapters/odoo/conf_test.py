from configparser import RawConfigParser
from dataclasses import replace
from typing import Any

import pytest

from oduflow.adapters.odoo.conf import OdooConf
from oduflow.domain.errors import Invalid

CONF = OdooConf(
    admin_passwd="$pbkdf2-sha512$25000$salt$sum",
    db_host="10.213.0.2",
    db_name="env_abcdefghijkl",
    db_user="env_abcdefghijkl",
    db_password="a-secret_of-32-characters",
    addons_path=("/mnt/repo/addons", "/mnt/repo/addons/more"),
)


def test_the_four_settings_that_every_environment_starts_with():
    read = options(CONF)

    assert read["list_db"] == "False"
    assert read["without_demo"] == "True"
    assert read["max_cron_threads"] == "0"
    assert read["admin_passwd"] == CONF.admin_passwd


def test_what_one_environment_is_told():
    read = options(CONF)

    assert read == {
        "admin_passwd": "$pbkdf2-sha512$25000$salt$sum",
        "list_db": "False",
        "without_demo": "True",
        "max_cron_threads": "0",
        "db_host": "10.213.0.2",
        "db_port": "5432",
        "db_name": "env_abcdefghijkl",
        "db_user": "env_abcdefghijkl",
        "db_password": "a-secret_of-32-characters",
        "db_maxconn": "16",
        "addons_path": "/mnt/repo/addons,/mnt/repo/addons/more",
        "data_dir": "/var/lib/odoo",
        "http_interface": "0.0.0.0",  # noqa: S104 - inside the container
        "http_port": "8069",
        "workers": "0",
        "proxy_mode": "False",
    }


def test_a_proxy_in_front_is_told():
    assert options(replace(CONF, proxy_mode=True))["proxy_mode"] == "True"


def test_a_database_is_named_and_not_searched_for():
    assert "dbfilter" not in options(CONF)


@pytest.mark.parametrize("value", ["100%", "%(db_host)s", "{admin_passwd}", "a;b", "a # b", "ü=ü"])
def test_a_value_is_read_back_as_it_was(value):
    read = options(replace(CONF, db_password=value, addons_path=(f"/mnt/{value}",)))

    assert read["db_password"] == value
    assert read["addons_path"] == f"/mnt/{value}"
    assert len(read) == 16


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\0"])
@pytest.mark.parametrize("key", ["db_password", "db_name", "admin_passwd"])
def test_no_value_can_add_a_line(key, end):
    given: dict[str, Any] = {key: f"x{end}list_db = True"}
    unprintable = replace(CONF, **given)

    with pytest.raises(Invalid, match=f"control characters of {key}"):
        unprintable.render()


def test_no_folder_can_add_a_line():
    unprintable = replace(CONF, addons_path=("/mnt/repo", "/mnt/a\nlist_db = True"))

    with pytest.raises(Invalid) as refused:
        unprintable.render()

    assert refused.value.message == "odoo.conf cannot hold the control characters of addons_path."


def options(conf):
    """Read a configuration as Odoo does (`odoo/tools/config.py`)."""
    reader = RawConfigParser()
    reader.read_string(conf.render())
    assert reader.sections() == ["options"]
    return dict(reader.items("options"))
