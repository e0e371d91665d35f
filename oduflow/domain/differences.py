"""Say in words how an existing thing differs from the one that a call asks for."""

from collections.abc import Mapping


def differences_between(pairs: Mapping[str, tuple[object, object]]) -> tuple[str, ...]:
    """Return a text for each pair of unequal values, such as “branch is main, not dev”.

    Args:
        pairs: the existing and the wanted value, by the name of the argument.
    """
    return tuple(
        f"{name} is {_shown(there)}, not {_shown(wanted)}"
        for name, (there, wanted) in pairs.items()
        if there != wanted
    )


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple | list) else str(value)
    return text or "none"
