"""The health of one part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One part's health.

    Attributes:
        part: `docker`, `postgres`, `disk`, `store`, `isolation`, …
        ok: whether environments can be created as far as this part goes.
        message: one sentence, no path and no team.
        hint: the next step when it is not ok.
    """

    part: str
    ok: bool
    message: str
    hint: str = ""
