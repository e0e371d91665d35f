import hashlib
import re
from base64 import b64decode

from oduflow.domain.passwords import odoo_hash


def test_a_hash_has_passlibs_shape() -> None:
    shape = r"\$pbkdf2-sha512\$25000\$[A-Za-z0-9./]{22}\$[A-Za-z0-9./]{86}"
    assert re.fullmatch(shape, odoo_hash("secret"))


def test_a_hash_is_of_its_secret_and_salt() -> None:
    *_, salt, checksum = odoo_hash("secret").split("$")
    expected = hashlib.pbkdf2_hmac("sha512", b"secret", unpacked(salt), 25_000)
    assert unpacked(checksum) == expected


def test_two_hashes_of_one_secret_differ() -> None:
    assert odoo_hash("secret") != odoo_hash("secret")


def test_a_secret_is_not_in_its_hash() -> None:
    assert "correct-horse" not in odoo_hash("correct-horse")


def unpacked(text: str) -> bytes:
    return b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
