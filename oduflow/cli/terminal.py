"""Print text that others may have written: logs, addons, git servers, Docker.

A terminal obeys control characters: they can move the cursor, set the title or hide a line.
"""

import unicodedata

import click

_KEPT = frozenset("\n\t")


def strip_control_characters(text: str) -> str:
    """Remove the control characters (Unicode category Cc) except line breaks and tabs."""
    return "".join(
        character
        for character in text
        if character in _KEPT or unicodedata.category(character) != "Cc"
    )


def echo(line: str, *, err: bool = False) -> None:
    """Print a line without its control characters."""
    click.echo(strip_control_characters(line), err=err)
