"""Read one manifest as Odoo does, without running its code."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from oduflow.adapters.odoo.addons.versions import is_of_series, is_version
from oduflow.domain.addons import OdooRules
from oduflow.domain.python_syntax import literals

LFS_POINTER = "version https://git-lfs.github.com/spec/"
DEFAULT_VERSION = "1.0"
EXTERNAL = ("python", "bin", "apt")  # `apt` is text for an error's message, since Odoo 17
MAX_KEY = 40  # characters
_CORRECT = "Correct it; code in a manifest is not run."


class ManifestRefused(Exception):
    """Odoo cannot read the manifest, or fails on it for every module.

    Args:
        reason: what is wrong.
        next_step: what to do.
    """

    def __init__(self, reason: str, next_step: str = _CORRECT) -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest declares.

    Attributes:
        installable: whether Odoo would install the module.
        wrong_series: it would, if the version were of its series.
        ignored: the keys of `external_dependencies` that Odoo does not read.
        triggers: see `Module`.
    """

    version: str = DEFAULT_VERSION
    depends: tuple[str, ...] = ("base",)
    python: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    triggers: tuple[str, ...] | None = None
    installable: bool = True
    wrong_series: bool = False
    ignored: tuple[str, ...] = ()
    assets: tuple[str, ...] = field(default=(), compare=False)


def read_manifest(content: bytes, rules: OdooRules) -> Manifest:
    """Read the content of a manifest.

    Raises:
        ManifestRefused: Odoo ignores the module, or fails on it.
    """
    declared = _literals(content)
    depends = _names(declared, "depends") or ("base",)
    version = declared.get("version", DEFAULT_VERSION)
    if rules.text_versions and not isinstance(version, str):
        raise ManifestRefused(
            f"Its version is not a text, and Odoo {rules.series} fails on it.",
            f'Write it in quotes, as "{rules.series}.1.0.0".',
        )
    version = str(version)
    installable = bool(declared.get("installable", True))
    if installable and rules.checks_series and not is_version(version):
        raise ManifestRefused(
            f"Its version “{version[:40]}” is not one.",
            f"Write it as {rules.series or '19.0'}.1.0.0, numbers with dots between them.",
        )
    of_series = not rules.series or not rules.checks_series or is_of_series(version, rules.series)
    needs = _external(declared.get("external_dependencies"))
    return Manifest(
        version=version,
        depends=depends,
        python=_external_names(needs, "python"),
        programs=_external_names(needs, "bin"),
        triggers=_triggers(declared.get("auto_install", False), depends),
        installable=installable and of_series,
        wrong_series=installable and not of_series,
        ignored=tuple(str(key)[:MAX_KEY] for key in needs if key not in EXTERNAL),
        assets=tuple(_strings(declared.get("assets"))),
    )


def _literals(content: bytes) -> dict[object, object]:
    try:
        text = content.decode()
    except UnicodeDecodeError as wrong:
        raise ManifestRefused("It is not UTF-8.", "Save it as UTF-8.") from wrong
    if text.startswith(LFS_POINTER):
        raise ManifestRefused(
            "It is a pointer of Git LFS, whose files are not fetched.",
            "Commit the file itself: git lfs migrate export --include=__manifest__.py",
        )
    try:
        value = literals(text)
    except SyntaxError as wrong:
        line = f" at line {wrong.lineno}" if wrong.lineno else ""
        raise ManifestRefused(f"It is not Python{line}: {wrong.msg}.") from wrong
    except (ValueError, TypeError, MemoryError, RecursionError) as wrong:
        raise ManifestRefused("It is not a dictionary of literals.") from wrong
    if not isinstance(value, dict):
        raise ManifestRefused("It is not a dictionary of literals.")
    return value


def _names(declared: dict[object, object], key: str) -> tuple[str, ...]:
    value = declared.get(key) or ()
    if not isinstance(value, list | tuple | set) or not all(
        isinstance(name, str) for name in value
    ):
        raise ManifestRefused(f"Its “{key}” is not a list of names.")
    return tuple(sorted(value) if isinstance(value, set) else value)


def _external(value: object) -> dict[object, object]:
    """Return `external_dependencies`; Odoo installs no module in which it is something else."""
    if value and not isinstance(value, dict):
        raise ManifestRefused(
            "Its “external_dependencies” is not a dictionary, and Odoo fails on it.",
            "Write it as {'python': ['name'], 'bin': ['name']}.",
        )
    return value if isinstance(value, dict) else {}


def _external_names(needs: dict[object, object], key: str) -> tuple[str, ...]:
    """Return the names of one key; Odoo would read a text letter by letter."""
    value = needs.get(key, ())
    names: tuple[object, ...] | None = () if value == "" else None
    if isinstance(value, list | tuple | dict):
        names = tuple(value)
    elif isinstance(value, set):
        names = tuple(sorted(value, key=str))
    texts = tuple(name for name in names or () if isinstance(name, str))
    if names is None or len(texts) < len(names):
        raise ManifestRefused(
            f"The “{key}” of its “external_dependencies” is not a list of names, and Odoo fails on "
            "it.",
            f"Write it as {{'{key}': ['name']}}.",
        )
    return texts


def _triggers(auto_install: object, depends: tuple[str, ...]) -> tuple[str, ...] | None:
    if not isinstance(auto_install, Iterable):
        return depends if auto_install else None
    triggers = tuple(str(name) for name in auto_install)
    if not set(triggers) <= set(depends):
        raise ManifestRefused("Its “auto_install” names modules that “depends” does not name.")
    return triggers


def _strings(value: object) -> Iterable[str]:
    """Yield the texts in nested lists and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _strings(each)
