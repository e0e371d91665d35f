"""Types of values: texts, numbers, folders, ports and networks."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AfterValidator, Field, ValidationInfo

from oduflow.settings.schema import SECRET, About, InvalidValue, Text

INTERNET = "internet"  # the word of `[firewall] egress` for every public address
SYSTEM_DATA_DIR = Path("/srv/oduflow")

_MAX_CPUS = 1024
_MAX_PORT = 65535
_TEAM_PREFIX = 24
_RFC_1918 = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# Cloud machines hand out their credentials on link-local addresses.
_NEVER_OPEN = [
    ipaddress.ip_network(each)
    for each in ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10", "fd00:ec2::254/128")
]
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?"  # registry
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"  # tag
    r"(?:@sha256:[0-9a-f]{64})?"
)


def default_data_dir(preferred: Path = SYSTEM_DATA_DIR) -> Path:
    """Return the system's data folder, or the user's own when the system's is not writable.

    Creates nothing: commands that change nothing read the configuration, too.
    """
    nearest = next(each for each in (preferred, *preferred.parents) if os.access(each, os.F_OK))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return preferred
    return Path(platformdirs.user_data_dir("oduflow"))


def anchored(base: Path, path: Path) -> Path:
    """Make a path absolute, starting at `base`, without following links."""
    return Path(os.path.normpath(base.absolute() / path))


def _at_base(folder: Path, info: ValidationInfo) -> Path:
    return anchored(info.context, folder) if info.context else folder


def _folder(text: str) -> Path:
    if not text or Path(text) == Path("/"):
        raise InvalidValue
    if text.startswith("~"):
        raise InvalidValue("~ is not expanded", "Write the whole path.")
    return Path(text)


def _image(text: str) -> str:
    if not _IMAGE.fullmatch(text.replace("{version}", "19.0")):
        raise InvalidValue
    return text


def _port_range(text: str) -> range:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", text)
    if match is None:
        raise InvalidValue
    first, last = map(int, match.groups())
    if min(first, last) < 1 or max(first, last) > _MAX_PORT:
        raise InvalidValue(f"a port goes from 1 to {_MAX_PORT}")
    if first >= last:
        raise InvalidValue("the first must be below the last")
    return range(first, last + 1)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    found = ipaddress.ip_interface(text)
    if int(found) != int(found.network.network_address):
        raise InvalidValue(hint=f'Write "{found.network}".')
    return found.network


def _subnet_pool(text: str) -> ipaddress.IPv4Network:
    network = _network(text)
    if not isinstance(network, ipaddress.IPv4Network):
        raise InvalidValue
    if not any(network.subnet_of(private) for private in _RFC_1918):
        raise InvalidValue("it is not a private network (RFC 1918)")
    if network.prefixlen > _TEAM_PREFIX:
        raise InvalidValue("each team needs a /24 of it")
    return network


def _egress(text: str) -> str:
    if text == INTERNET:
        return text
    network = _network(text)
    if network.prefixlen == 0:
        raise InvalidValue("it opens everything", f'Write "{INTERNET}" for every public address.')
    if any(network.version == shut.version and network.overlaps(shut) for shut in _NEVER_OPEN):
        raise InvalidValue("loopback and link-local addresses are never opened")
    return str(network)


AnyText = Annotated[str, Text("a text")]
AuthToken = Annotated[
    str,
    Text(
        "8 or more letters, digits and . _ ~ + / - (16 or more beyond loopback), or empty",
        r"(?:[A-Za-z0-9._~+/-]{8,}=*)?",  # RFC 6750, token68: what a Bearer header may carry
    ),
    SECRET,
]
Password = Annotated[
    str, Text("8 or more characters (16 or more beyond loopback), or empty", r"(?:.{8,})?"), SECRET
]
Email = Annotated[str, Text("a mail address, or empty", r"(?:[^@\s]+@[^@\s]+\.[^@\s]+)?")]
GitHubLogin = Annotated[str, Text("a GitHub login, without @", r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")]
ImageName = Annotated[str, Text('an image name such as "odoo:{version}"', _image)]
InstanceName = Annotated[
    str,
    Text(
        "1 to 31 characters of a-z, 0-9 and -, beginning with a letter, not ending with -",
        r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?",
    ),
]
TeamName = Annotated[str, Text("a text of at most 60 characters", r".{0,60}")]
TemplateName = Annotated[
    str,
    Text(
        "a template's name (at most 39 characters of a-z, 0-9 and -), or empty",
        r"(?:[a-z0-9][a-z0-9-]{0,38})?",
    ),
]
Folder = Annotated[Path, Text("the path of a folder", _folder), AfterValidator(_at_base)]
OptionalFile = Annotated[Path | None, Text("the path of a file", _folder), AfterValidator(_at_base)]
ScriptPath = Annotated[
    Path,
    Text("the path of a file of SQL, or of a folder of them", _folder),
    AfterValidator(_at_base),
]
OptionalFolder = Annotated[Path | None, *Folder.__metadata__]
Cpus = Annotated[
    float,
    Field(gt=0, le=_MAX_CPUS, allow_inf_nan=False),
    About(allowed=f"a number greater than 0, at most {_MAX_CPUS}"),
]
Port = Annotated[int, Field(ge=1, le=_MAX_PORT)]
Ports = Annotated[range, Text('two ports joined by -, such as "20000-20999"', _port_range)]
SubnetPool = Annotated[
    ipaddress.IPv4Network,
    Text('a private IPv4 network of /24 or wider, such as "10.213.0.0/16"', _subnet_pool),
]
Egress = Annotated[str, Text(f'a network such as "10.1.0.0/16", or "{INTERNET}"', _egress)]
