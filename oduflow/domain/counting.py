"""Numbers with their nouns, as summaries and pages write them."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return `1 template`, `2 templates`; `plural` is for a noun that takes more than an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
