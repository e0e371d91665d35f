"""The masking of secrets in texts.

A token's prefix, which tells its issuer and kind, is shown. Its end is not, unlike in other
products: the end of a short password would be half of it.
"""

import re
from urllib.parse import unquote

HIDDEN = "****"

# Longest first, so that `github_pat_` is found whole. Sources: GitHub “About authentication”,
# GitLab “Token overview”, Atlassian “API tokens”.
_PREFIXES = (
    "github_pat_",
    "glagent-",
    "glffct-",
    "glsoat-",
    "glcbt-",
    "glimt-",
    "gloas-",
    "glpat-",
    "glptt-",
    "ATATT3",
    "ATCTT3",
    "gldt-",
    "glft-",
    "glrt-",
    "gho_",
    "ghp_",
    "ghr_",
    "ghs_",
    "ghu_",
    "ATBB",
)
_TOKEN = re.compile(rf"({'|'.join(_PREFIXES)})[\w=.~+-]{{8,}}")
_WORD = re.compile(r"\S+")
_MAX_USER_LENGTH = 64
# A token in the place of the user: letters and digits only, longer than a person's user name.
_TOKEN_LIKE = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}")


def mask(secret: str) -> str:
    """Return a secret as `ghp_****`: its known prefix, if it has one, and four stars."""
    return f"{prefix_of(secret)}{HIDDEN}"


def prefix_of(secret: str) -> str:
    """Return the known prefix of a token, empty when it has none."""
    return next((prefix for prefix in _PREFIXES if secret.startswith(prefix)), "")


def redact(text: str) -> str:
    """Mask secrets that a person may have typed into a wrong field.

    It masks the user info of URLs and every token with a known prefix. It is no guarantee: a
    password without a known form is not recognised.
    """
    return _TOKEN.sub(rf"\1{HIDDEN}", without_userinfo(text))


def redact_typed(text: str) -> str:
    """Mask secrets in what a person typed and gets back, but keep a URL's user name alone.

    The user name of a clone button chooses a credential; masked, it could not be sent again.
    """
    return _TOKEN.sub(rf"\1{HIDDEN}", _WORD.sub(lambda word: _without_password(word[0]), text))


def is_user_name(user: str) -> bool:
    """Whether the user information of a URL, decoded, is a user name and not a secret."""
    plain = user.isprintable() and ":" not in user and len(user) <= _MAX_USER_LENGTH
    return plain and not prefix_of(user) and not _TOKEN_LIKE.fullmatch(user)


def without_userinfo(text: str) -> str:
    """Mask the user info of every URL in a text (RFC 3986, 3.2.1).

    It is masked up to the last @ of a word, rather too much than half a password too little. The
    text is matched word by word, because it may be megabytes of untrusted data, on which one
    pattern for all words would need quadratic time.
    """
    return _WORD.sub(lambda word: _without_userinfo(word[0]), text)


def _without_password(word: str) -> str:
    before, at, _ = word.partition("://")[2].rpartition("@")
    in_path = "/" in before and ":" not in before
    return word if at and (in_path or is_user_name(unquote(before))) else _without_userinfo(word)


def _without_userinfo(word: str) -> str:
    scheme, mark, rest = word.partition("://")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{HIDDEN}@{host}" if at else word
