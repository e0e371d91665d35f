"""Ask an image's Odoo which modules it has, and how it reads those of repositories."""

import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

from pydantic import ValidationError

from oduflow.adapters.odoo import inside
from oduflow.domain.addons import ImageInventory

ENTRYPOINT = "python3"
_PREFIX = "oduflow:"


def list_modules_command() -> tuple[str, ...]:
    """Return the arguments of Python that print what an image has."""
    return ("-c", (resources.files(inside) / "list_modules.py").read_text("utf-8"))


def read_inventory(image: str, lines: Iterable[str]) -> ImageInventory | None:
    """Read the lines that the script printed; None if it did not come to its end.

    Args:
        image: the image's id.
        lines: what it printed; other lines are Odoo's log.
    """
    rules: object = {}
    lists: dict[str, list[Any]] = {
        "modules": [],
        "libraries": [],
        "importable": [],
        "programs": [],
    }
    ended = False
    try:
        for line in lines:
            record = json.loads(line.removeprefix(_PREFIX)) if line.startswith(_PREFIX) else {}
            rules = record.get("rules", rules)
            ended = ended or "end" in record
            if "module" in record:
                lists["modules"].append(record["module"])
            for key in lists.keys() & record.keys():
                lists[key] += record[key]
        return (
            ImageInventory.model_validate(
                {"image": image, "rules": rules} | lists | {"libraries": dict(lists["libraries"])}
            )
            if ended
            else None
        )
    except (ValueError, TypeError, ValidationError):
        return None
