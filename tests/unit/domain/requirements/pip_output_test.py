"""The texts are those of pip 25.1 and 20.3 in real images, shortened."""

import pytest

from oduflow.domain.requirements.pip_output import PipOutput

CONFLICT = """\
ERROR: Cannot install bar because these package versions have conflicting dependencies.

The conflict is caused by:
    foo 1.0 depends on cryptography>=44
    The user requested (constraint) cryptography==43.0.0

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/"""
CONTRADICTION = """\
The conflict is caused by:
    The user requested foo==1.0
    bar 2.0 depends on foo<1

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/"""
TLS = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1,
Could not fetch URL https://pypi.lan/simple/six/: There was a problem confirming the ssl certificate
HTTPSConnectionPool(host='pypi.lan', port=443): [SSL: CERTIFICATE_VERIFY_FAILED]
ERROR: No matching distribution found for six"""
UNREACHED = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor>
ERROR: Could not find a version that satisfies the requirement six (from versions: none)
ERROR: No matching distribution found for six"""
BUILD_TOOLS = """\
Processing /wheels/pure-sd-1.0.tar.gz
  x pip subprocess to install build dependencies did not run successfully.
      ERROR: No matching distribution found for setuptools>=40.8.0
error: subprocess-exited-with-error"""
COMPILER = """\
  x Building wheel for python-ldap (pyproject.toml) did not run successfully.
      error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'
  ERROR: Failed building wheel for python-ldap
Failed to build python-ldap"""
OLD_COMPILER = """\
  ERROR: Command errored out with exit status 1:
  error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory
  ERROR: Failed building wheel for uwsgi"""
PG_CONFIG = """\
Collecting psycopg2==2.8
      Error: pg_config executable not found.
error: subprocess-exited-with-error"""
BUILD = """\
Collecting suds-jurko
  Downloading suds-jurko-0.6.zip (255 kB)
      error in suds-jurko setup command: use_2to3 is invalid.
error: subprocess-exited-with-error"""
HASHES = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
ABSENT = """\
ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.16, 1.17)
ERROR: No matching distribution found for six==99"""
NOWHERE = """\
ERROR: Could not find a version that satisfies the requirement nowhere (from versions: none)
ERROR: No matching distribution found for nowhere"""


@pytest.mark.parametrize(
    ("text", "cause", "hint"),
    [
        (
            CONFLICT,
            "foo 1.0 needs cryptography>=44, but cryptography 43.0.0 is installed already",
            "works with cryptography 43.0.0",
        ),
        (
            CONTRADICTION,
            "its packages contradict each other: bar 2.0 needs foo<1; the file asks for foo==1.0",
            "Loosen",
        ),
        (TLS, "the certificate of pypi.lan is not signed by a trusted authority", "ca_bundle"),
        (UNREACHED, "the package index does not answer", 'pip_index_url = "none"'),
        (
            BUILD_TOOLS,
            "pure-sd has no wheel, and building it needs setuptools>=40.8.0, which was not found",
            "wheel of setuptools>=40.8.0",
        ),
        (
            COMPILER,
            (
                "python-ldap has no wheel for Python 3.13, and "
                "building it needs a compiler or library "
                "that the image odoo:19.0 does not have (x86_64-linux-gnu-gcc)"
            ),
            "pip_find_links",
        ),
        (
            OLD_COMPILER,
            (
                "uwsgi has no wheel for Python 3.13, and "
                "building it needs a compiler or library that "
                "the image odoo:19.0 does not have (x86_64-linux-gnu-gcc)"
            ),
            "pip_find_links",
        ),
        (
            PG_CONFIG,
            (
                "psycopg2 has no wheel for Python 3.13, and "
                "building it needs a compiler or library "
                "that the image odoo:19.0 does not have (pg_config)"
            ),
            "pip_find_links",
        ),
        (BUILD, "suds-jurko has no wheel for Python 3.13, and its build failed", "pip_find_links"),
        (HASHES, "a hash is missing or differs", "--hash="),
        (ABSENT, "there is no six==99 for Python 3.13", "The newest versions are 1.16, 1.17."),
        (NOWHERE, "there is no nowhere for Python 3.13", "Check the name"),
        ("MemoryError", "", "pip's last lines"),
    ],
)
def test_pips_words_are_told_as_a_cause_and_a_next_step(text, cause, hint):
    found = PipOutput(text, "odoo:19.0", "3.13").cause()

    assert found.text == cause
    assert hint in found.hint
