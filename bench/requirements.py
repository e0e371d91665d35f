"""`python -m bench.requirements [FIRST [COUNT]]`: does Odoo serve with each requirement of OCA?

Creates one environment for each requirement, whose repository asks for nothing else, from the
configured PyPI, and prints what became of it. COUNT requirements from the FIRST on (from 1) are
tried, because all of them take a quarter of an hour. Needs the internet.

The requirements are those of OCA's own `requirements.txt` files, which its robot generates from
`external_dependencies` of the manifests: server-tools, server-auth, reporting-engine,
rest-framework, storage, edi, delivery-carrier, social, web, partner-contact, bank-payment,
account-financial-tools, bank-statement-import, connector-telephony, field-service, l10n-spain,
l10n-italy and l10n-france. Those of several repositories are first. Pins of older series are left
out.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.support.git_server import GitServer
from tests.support.instances import TEMPLATE, Instance, running_instance

SERVER_PORT = 8799
RESULTS = Path(".bench") / "requirements.json"
MODULE = {"fine/__manifest__.py": '{"name": "Fine", "depends": ["base"]}', "fine/__init__.py": ""}
REQUIREMENTS = (
    *("cryptography", "lxml", "unidecode", "openupgradelib", "email_validator"),
    *("phonenumbers", "freezegun", "zeep", "extendable-pydantic", "python-stdnum>=1.18"),
    *("PyPDF2", "openpyxl", "xlrd", "xlsxwriter", "chardet"),
    *("qrcode", "requests_toolbelt", "requests_oauthlib", "python-ldap", "pysaml2"),
    *("python-jose", "fsspec[s3]", "python_slugify", "fastapi", "pydantic"),
    *("marshmallow", "python-multipart", "ujson", "graphene", "cerberus"),
    *("acme", "astor", "dataclasses", "dnspython", "mako"),
    *("odoorpc", "endesive", "py3o.template", "bokeh", "plotly"),
    *("cairosvg", "python-telegram-bot", "xmlsig", "requests_pkcs12", "pyfrdas2"),
    *("codicefiscale", "csv", "ofxparse", "shapely", "a2wsgi"),
)


def main() -> int:
    first, count = (*map(int, sys.argv[1:]), *(1, len(REQUIREMENTS))[len(sys.argv) - 1 :])
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() and first > 1 else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        GitServer(Path(folder)) as git,
        running_instance(port=SERVER_PORT, git_hosts=(git.authority,)) as instance,
    ):
        instance.ok("create_template", name=TEMPLATE)
        for number, requirement in enumerate(REQUIREMENTS[first - 1 :][:count], first):
            started = time.perf_counter()
            found[requirement] = became(instance, git, requirement)
            seconds = time.perf_counter() - started
            print(
                f"{number:3}  {requirement:24} {seconds:5.1f} s  {found[requirement]}", flush=True
            )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2))
    serving = sum(text == "serves" for text in found.values())
    print(f"\n{serving} of {len(found)} serve; written to {RESULTS}")
    return 0


def became(instance: Instance, git: GitServer, requirement: str) -> str:
    """Create and delete an environment; return what became of it."""
    url = git.repository("asks", {"main": {**MODULE, "requirements.txt": requirement}})
    made = instance.call("create_environment", name="tried", repo_url=url)
    if instance.services.deps.store.environments.get("blue", "tried") is not None:
        instance.ok("delete_environment", name="tried")
    return f"{made.error.kind}: {made.error.message}" if made.error else "serves"


if __name__ == "__main__":
    sys.exit(main())
