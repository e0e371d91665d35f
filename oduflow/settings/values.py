"""Types of values. A text has no line break or other control character, in any key."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from oduflow.settings.schema import SECRET, Allowed, InvalidValue

_MAX_LENGTH = 1000
_MAX_CPUS = 1024

_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?"  # registry
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"  # tag
    r"(?:@sha256:[0-9a-f]{64})?"
)


def plain_text(value: object) -> str:
    """Return a text of printable characters, without spaces at its ends.

    Raises:
        InvalidValue: it is not text, is too long, or is not safe in a log or a header.
    """
    if not isinstance(value, str):
        raise InvalidValue(hint="Write it in quotes.")
    if not value.isprintable():
        raise InvalidValue("it holds a line break or another control character")
    if value != value.strip():
        raise InvalidValue("it begins or ends with a space")
    if len(value) > _MAX_LENGTH:
        raise InvalidValue(f"it is longer than {_MAX_LENGTH} characters")
    return value


def _image(text: str) -> str:
    if not _IMAGE.fullmatch(text.replace("{version}", "19.0")):
        raise InvalidValue
    return text


PLAIN_TEXT = BeforeValidator(plain_text)
Text = Annotated[str, PLAIN_TEXT, Allowed("a text")]
ImageName = Annotated[
    Text, AfterValidator(_image), Allowed('an image name such as "odoo:{version}"')
]
Cpus = Annotated[
    float,
    Field(gt=0, le=_MAX_CPUS, allow_inf_nan=False),
    Allowed(f"a number greater than 0, at most {_MAX_CPUS}"),
]
AuthToken = Annotated[
    Text,
    # RFC 6750, token68: the characters that a Bearer header may carry.
    Field(pattern=r"^(?:[A-Za-z0-9._~+/-]{8,}=*)?$"),
    Allowed("8 or more letters, digits and . _ ~ + / - (16 or more beyond loopback), or empty"),
    SECRET,
]
Password = Annotated[
    Text,
    Field(pattern=r"^(?:.{8,})?$"),
    Allowed("8 or more characters (16 or more beyond loopback), or empty"),
    SECRET,
]
Email = Annotated[
    Text, Field(pattern=r"^(?:[^@\s]+@[^@\s]+\.[^@\s]+)?$"), Allowed("a mail address, or empty")
]
GitHubLogin = Annotated[
    Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$"), Allowed("a GitHub login, without @")
]
InstanceName = Annotated[
    Text,
    Field(pattern=r"^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$"),
    Allowed("1 to 31 characters of a-z, 0-9 and -, beginning with a letter, not ending with -"),
]
TeamName = Annotated[Text, Field(max_length=60), Allowed("a text of at most 60 characters")]
TemplateName = Annotated[
    Text,
    Field(pattern=r"^(?:[a-z0-9][a-z0-9-]{0,38})?$"),
    Allowed("a template's name (at most 39 characters of a-z, 0-9 and -), or empty"),
]
