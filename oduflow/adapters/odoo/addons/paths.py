"""Where the links of a checkout lead, without leaving it: a checkout is untrusted data."""

from pathlib import Path, PurePosixPath

MAX_LINKS = 40  # of one path, as Linux allows


def real_path(checkout: Path, relative: PurePosixPath) -> PurePosixPath | None:
    """Resolve the links of a path below the checkout, whether or not its end exists.

    Returns:
        The path without links, relative to the checkout; None if it leads out, also for a moment,
        because the checkout lies elsewhere in the container.
    """
    left = list(reversed(relative.parts))
    done: list[str] = []
    links = 0
    while left:
        part = left.pop()
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        try:
            target = str(checkout.joinpath(*done, part).readlink())
        except OSError:  # no link, or nothing
            done.append(part)
            continue
        links += 1
        if links > MAX_LINKS or target.startswith("/"):
            return None
        left.extend(reversed(PurePosixPath(target).parts))
    return PurePosixPath(*done)
