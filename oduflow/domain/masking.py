"""Show that a secret is there, and never any part of it that is secret.

A token's prefix says who issued it and of what kind it is; that much is shown. Its tail is not,
as other products do: with a short password the tail is half of it.
"""

import re

HIDDEN = "****"

# Longest first, for `github_pat_` and the like. Sources: GitHub “About authentication”, GitLab
# “Token overview”, Atlassian “API tokens”.
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


def mask(secret: str) -> str:
    """Write a secret as `ghp_****`: its known prefix, then four stars; else the stars alone."""
    return f"{prefix_of(secret)}{HIDDEN}"


def prefix_of(secret: str) -> str:
    """Return the known prefix of a token, empty when it has none."""
    return next((prefix for prefix in _PREFIXES if secret.startswith(prefix)), "")


def redact(text: str) -> str:
    """Hide what looks like a secret in a text that a person typed in a wrong place.

    Whatever stands before the `@` of a URL, and every token with a known prefix. A net, not a
    boundary: a password without a known form passes.
    """
    return _TOKEN.sub(rf"\1{HIDDEN}", without_userinfo(text))


def without_userinfo(text: str) -> str:
    """Hide who signs in to a URL (RFC 3986, 3.2.1), wherever one stands in a text.

    Up to the last @ of a word: better too much is masked than half a password is left. Read word
    by word, because strangers may send megabytes: a pattern that spans them tries every `://`
    against every character behind it.
    """
    return _WORD.sub(lambda word: _without_userinfo(word[0]), text)


def _without_userinfo(word: str) -> str:
    scheme, mark, rest = word.partition("://")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{HIDDEN}@{host}" if at else word
