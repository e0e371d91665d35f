"""Which tests to run: Odoo's own tags, narrowed to the modules that are asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from oduflow.domain.errors import Invalid

# What Odoo 14 to 19 all understand: [-][tag][/module][:class][.method]; newer ones also know the
# file of a test, as it is in their own logs. Those have a class, too, which is enough to find it.
_PART = re.compile(
    r"(?P<sign>[+-]?)(?P<tag>\*|\w*)(?:/(?P<module>\w+)(?P<file>/[\w/]+\.py)?)?"
    r"(?::(?P<class>\w+))?(?:\.(?P<method>\w+))?"
)
_FORM = "Write [-][tag][/module][:class][.method], with commas between, such as :TestOrder."


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a selection."""

    excludes: bool
    tag: str
    module: str
    rest: str

    def of(self, module: str) -> str:
        """Write the part for one module; without one for all of them."""
        where = f"/{module}" if module else ""
        return f"{'-' if self.excludes else ''}{self.tag}{where}{self.rest}"


def check_tags(tags: str, modules: tuple[str, ...]) -> None:
    """Refuse tags that Odoo would only log, or that are about other modules.

    Raises:
        Invalid: a part has no form that Odoo understands, or names another module.
    """
    for part in _parts(tags):
        if part.module and modules and part.module not in modules:
            raise _wrong(
                f"The tags name module {part.module}, and the modules are {', '.join(modules)}.",
                "Name it in modules, too.",
            )


def odoo_tags(tags: str, modules: tuple[str, ...]) -> str:
    """Return the value of Odoo's `--test-tags` for tags and modules that `check_tags` passed.

    Each part that includes tests is repeated for each module, so that those of no other module are
    found. Without such a part, all standard tests of the modules are included, as Odoo has it.
    """
    parts = list(_parts(tags))
    chosen = [
        part.of(module)
        for part in parts
        if not part.excludes
        for module in ((part.module,) if part.module else modules)
    ]
    return ",".join(
        (
            *(chosen or [f"/{module}" for module in modules]),
            *(part.of(part.module) for part in parts if part.excludes),
        )
    )


def _parts(tags: str) -> Iterator[_Part]:
    for text in filter(None, (each.strip() for each in tags.split(","))):
        found = _PART.fullmatch(text)
        if found is None or text in {"+", "-"}:
            raise _wrong(f"“{text[:100]}” is no test tag.", _FORM)
        if found["file"]:
            _refuse_file(text, found)
        rest = "".join(
            f"{mark}{found[group]}"
            for mark, group in ((":", "class"), (".", "method"))
            if found[group]
        )
        yield _Part(found["sign"] == "-", found["tag"], found["module"] or "", rest)


def _refuse_file(text: str, found: re.Match[str]) -> None:
    """Refuse a file, without which the part would be about the whole module.

    Raises:
        Invalid: the part excludes, or has no class that says as much as the file.
    """
    where = f"{found['sign']}{found['tag']}/{found['module']}"
    said = f"“{text[:100]}” names a file, which older versions of Odoo do not understand."
    if not found["class"]:
        raise _wrong(said, f"Name the class: {where}:TestOrder.")
    if found["sign"] == "-":
        method = f".{found['method']}" if found["method"] else ""
        raise _wrong(said, f"Write {where}:{found['class']}{method}.")


def _wrong(message: str, hint: str) -> Invalid:
    refusal = Invalid(message, hint)
    refusal.argument = "tags"
    return refusal
