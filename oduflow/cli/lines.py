"""Print what others may have written: logs, addons, git servers, engines.

A terminal obeys control characters: they could move its cursor, set its title or hide a line.
"""

import unicodedata

import click

_KEPT = frozenset("\n\t")


def plain(text: str) -> str:
    """Drop every control character (Unicode category Cc) but line breaks and tabs."""
    return "".join(
        character
        for character in text
        if character in _KEPT or unicodedata.category(character) != "Cc"
    )


def say(line: str, *, err: bool = False) -> None:
    """Print a line that somebody else may have written a part of."""
    click.echo(plain(line), err=err)
