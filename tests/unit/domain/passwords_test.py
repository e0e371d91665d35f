import hashlib
from base64 import b64decode

from oduflow.domain.passwords import ROUNDS, odoo_hash

SECRET = "a random secret of 32 characters"


def test_a_hash_is_in_passlibs_format_and_proves_the_secret():
    scheme, rounds, salt, checksum = odoo_hash(SECRET).strip("$").split("$")

    assert (scheme, rounds) == ("pbkdf2-sha512", str(ROUNDS))
    assert decoded(checksum) == hashlib.pbkdf2_hmac(
        "sha512", SECRET.encode(), decoded(salt), ROUNDS
    )
    assert len(decoded(salt)) == 16


def test_one_secret_has_another_hash_each_time():
    assert odoo_hash(SECRET) != odoo_hash(SECRET)


def test_a_hash_does_not_hold_the_secret():
    assert SECRET not in odoo_hash(SECRET)


def test_the_rounds_are_those_of_a_machine_made_secret():
    assert ROUNDS == 25_000


def decoded(text):
    return b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
