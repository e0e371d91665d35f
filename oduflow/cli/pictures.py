"""Save the image that belongs to an answer as a file."""

from pathlib import Path
from typing import Any

from oduflow.cli.caller import OperationCaller
from oduflow.cli.terminal import echo
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope


def save_picture(caller: OperationCaller, answer: Envelope[Any]) -> None:
    """Write the answer's image into the current folder, if it has one, and print the file's name.

    The work is done, so an image that cannot be written is a warning.
    """
    if answer.image is None:
        return
    path = Path(f"oduflow-{answer.image}.png")
    try:
        content = caller.image(answer.image)
        if content is None:
            echo(f"warning: there is no image {answer.image} any more", err=True)
            return
        path.write_bytes(content)
    except Failure as failure:
        echo(f"warning: the image was not read: {failure.message}", err=True)
    except OSError as error:
        echo(f"warning: {path} was not written: {error.strerror}", err=True)
    else:
        echo(f"image: {path}", err=True)
