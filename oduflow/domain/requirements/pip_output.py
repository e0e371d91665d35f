"""Explain why pip failed, from what it printed (pip 20 to 26)."""

import re
from dataclasses import dataclass

_TLS = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLError")
_HOST = re.compile(r"host='([^']+)'|https://([^/\s]+)/")
_UNREACHED = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|NameResolutionError|"
    r"Connection refused|Temporary failure in name resolution"
)
_NEEDS = re.compile(r"^\s+(\S+) (\S+) depends on (\S.*)$", re.MULTILINE)
_KEPT = re.compile(r"^\s+The user requested \(constraint\) ([^\s=]+)==(\S+)$", re.MULTILINE)
_ASKED = re.compile(r"^\s+The user requested (?!\(constraint\))(\S.*)$", re.MULTILINE)
_ABSENT = re.compile(r"No matching distribution found for (\S+(?: ?[<>=!~]\S+)*)")
_VERSIONS = re.compile(r"\(from versions: ([^)]*)\)")
_HASHES = re.compile(
    r"DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode|"
    r"must have their versions pinned with =="
)
_PROGRAM = re.compile(
    r"No such file or directory: '(?P<a>[\w.+-]+)'|"
    r"error: command '(?P<b>[^']+)' failed: No such file|"
    r"Unknown compiler\(s\): \[\['(?P<c>[^']+)'|"
    r"\b(?P<d>pg_config|mysql_config|cargo|rustc|cmake|pkg-config|swig)\b[^\n]*"
    r"(?:not found|not installed|not be found|is required|must be installed)|"
    r"(?P<e>Rust) (?:not found|compiler)|(?P<f>CMake) must be installed",
    re.IGNORECASE,
)
_BUILT = re.compile(
    r"Failed building wheel for (\S+)|Building wheel for (\S+) \([^)]*\) did not run|"
    r"Failed to build '?([\w.-]+)|Could not build wheels for ([\w.-]+)"
)
_COLLECTED = re.compile(
    r"^\s*(?:Collecting ([\w.-]+)|Processing \S*/([\w.]+(?:-[a-zA-Z]\w*)*)-[^/\s]+)", re.MULTILINE
)
_BUILD_TOOLS = re.compile(
    r"subprocess to install build dependencies did not run|BackendUnavailable"
)
_FAILED_BUILD = re.compile(r"subprocess-exited-with-error|metadata-generation-failed")
_SHOWN_VERSIONS = 5
_OTHERWISE = (
    "Ask for a version that has a wheel, put a wheel into the folder pip_find_links below [images] "
    "in oduflow.toml, or choose an image that has the package."
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why pip failed: the end of a sentence, and the next step."""

    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class PipOutput:
    """What a failed pip printed, and where it ran."""

    text: str
    image: str
    python: str

    def cause(self) -> Cause:
        """Return the first explanation that fits."""
        explanations = (
            self._certificates,
            self._conflict,
            self._contradiction,
            self._unreachable,
            self._build_tools,
            self._compiler,
            self._build,
            self._hashes,
            self._absent,
        )
        found = (explain() for explain in explanations)
        return next(filter(None, found), Cause("", "The output holds pip's last lines."))

    def _certificates(self) -> Cause | None:
        if not _TLS.search(self.text):
            return None
        host = _first(_HOST, self.text) or "the index"
        return Cause(
            f"the certificate of {host} is not signed by a trusted authority",
            "Trusted are the certificate authorities of the server's machine, or those of the file "
            "ca_bundle below [server] in oduflow.toml alone. Add the missing one to it (PEM).",
        )

    def _conflict(self) -> Cause | None:
        kept = {name.lower(): version for name, version in _KEPT.findall(self.text)}
        for package, version, wanted in _NEEDS.findall(self.text):
            name = re.match(r"[\w.-]*", wanted)
            if name and (has := kept.get(name[0].lower())):
                return Cause(
                    f"{package} {version} needs {wanted.strip()}, "
                    f"but {name[0]} {has} is installed already",
                    f"Ask for a version of {package} that works with {name[0]} {has}. Installed "
                    "packages are kept, because Odoo runs with them.",
                )
        return None

    def _contradiction(self) -> Cause | None:
        if "ResolutionImpossible" not in self.text:
            return None
        sides = [f"{each[0]} {each[1]} needs {each[2]}" for each in _NEEDS.findall(self.text)]
        sides += [f"the file asks for {each}" for each in _ASKED.findall(self.text)]
        return Cause(
            f"its packages contradict each other: {'; '.join(sides[:4])}",
            "Loosen one of these versions.",
        )

    def _unreachable(self) -> Cause | None:
        if not _UNREACHED.search(self.text):
            return None
        return Cause(
            "the package index does not answer",
            "Check pip_index_url below [images] in oduflow.toml, and that this machine reaches it. "
            'Without an index write pip_index_url = "none" and fill the folder pip_find_links.',
        )

    def _build_tools(self) -> Cause | None:
        if not _BUILD_TOOLS.search(self.text):
            return None
        absent = _first(_ABSENT, self.text)
        needed = f"needs {absent}, which was not found" if absent else "needs tools that failed"
        return Cause(
            f"{self._built()} has no wheel, and building it {needed}",
            f"Put a wheel of {absent} into the folder pip_find_links, or one of {self._built()}."
            if absent
            else _OTHERWISE,
        )

    def _compiler(self) -> Cause | None:
        program = _first(_PROGRAM, self.text)
        if not program or not (_FAILED_BUILD.search(self.text) or _first(_BUILT, self.text)):
            return None
        return Cause(
            f"{self._built()} has no wheel for Python {self.python}, and building it needs a "
            f"compiler or library that the image {self.image} does not have ({program})",
            _OTHERWISE,
        )

    def _build(self) -> Cause | None:
        if not (_FAILED_BUILD.search(self.text) or _first(_BUILT, self.text)):
            return None
        return Cause(
            f"{self._built()} has no wheel for Python {self.python}, and its build failed",
            _OTHERWISE,
        )

    def _hashes(self) -> Cause | None:
        if not _HASHES.search(self.text):
            return None
        return Cause(
            "a hash is missing or differs",
            "In a file with one --hash= every package, also what packages need, has to be pinned "
            "as name==version --hash=…; the output shows pip's lines.",
        )

    def _absent(self) -> Cause | None:
        absent = _first(_ABSENT, self.text)
        if not absent:
            return None
        versions = [each.strip() for each in _first(_VERSIONS, self.text).split(",")]
        if versions in (["none"], [""]):
            return Cause(
                f"there is no {absent} for Python {self.python}",
                "Check the name. A package that no index has can be put into the folder "
                "pip_find_links below [images] in oduflow.toml.",
            )
        return Cause(
            f"there is no {absent} for Python {self.python}",
            f"The newest versions are {', '.join(versions[-_SHOWN_VERSIONS:])}.",
        )

    def _built(self) -> str:
        """Return the package whose build failed: named, or else the last that was fetched."""
        collected = [name for found in _COLLECTED.findall(self.text) for name in found if name]
        return _first(_BUILT, self.text) or next(reversed(collected), "A package")


def _first(pattern: re.Pattern[str], text: str) -> str:
    """Return the first group of the first match that is not empty."""
    match = pattern.search(text)
    return next(filter(None, match.groups()), "") if match else ""
