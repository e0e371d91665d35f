"""A measured figure, and the table of all figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Figure:
    """The values of one measurement, in seconds unless `unit` differs, and its target."""

    name: str
    target: float
    unit: str = "s"
    values: list[float] = field(default_factory=list)

    def holds(self) -> bool:
        return self.median <= self.target

    @property
    def median(self) -> float:
        return median(self.values)

    def shown(self, value: float) -> str:
        if self.unit == "s":
            return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
        return f"{value:.{3 if self.unit == 'times' else 1}f} {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "target": self.target,
            "unit": self.unit,
            "n": len(self.values),
        }


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "median", "min … max", "n", "target", "")]
    rows += [
        (
            figure.name,
            figure.shown(figure.median),
            f"{figure.shown(min(figure.values))} … {figure.shown(max(figure.values))}",
            str(len(figure.values)),
            figure.shown(figure.target),
            "ok" if figure.holds() else "MISSED",
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
