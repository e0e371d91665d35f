"""What a database dump says about itself before it is restored."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DumpFacts:
    """What was read of a dump; none of it is proven.

    Attributes:
        server: PostgreSQL's version that it was made from; empty if it does not say.
        odoo: whether it holds Odoo's table of modules.
        modules: the versions of the installed modules, by name; empty if they were not found.
    """

    server: str = ""
    odoo: bool = False
    modules: Mapping[str, str] = field(default_factory=dict)
