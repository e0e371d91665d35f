"""Limits of numbers that the list of tools does not repeat: an error names them."""

from pydantic import AfterValidator


def between(least: int, most: int) -> AfterValidator:
    """Return a validator of whole numbers, both ends included."""

    def check(number: int) -> int:
        if not least <= number <= most:
            raise ValueError(f"is not between {least} and {most}")
        return number

    return AfterValidator(check)
