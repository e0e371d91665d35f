"""Numbers with their nouns, as summaries and pages write them."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return `1 template`, `2 templates`; `plural` is for a noun that takes more than an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def binary_size(size: int) -> str:
    """Return a number of bytes as text: `812 KiB`, `23 MiB`, `4.0 GiB`."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.1f} GiB"
    if size >= 1 << 20:
        return f"{size >> 20} MiB"
    return f"{-(-size // 1024)} KiB"
