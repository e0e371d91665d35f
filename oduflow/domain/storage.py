"""How environments are cloned on this machine: what `doctor` and `get_status` say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CloneState:
    """Whether new environments share blocks with their template.

    Attributes:
        reflink: whether they do.
        text: `reflink (pool of 4.0 GiB, 3.9 GiB free)`, or `copy: ` and the reason; no path.
        hint: the next step, empty when there is none.
        ok: whether environments can be created.
    """

    reflink: bool
    text: str
    hint: str = ""
    ok: bool = True
