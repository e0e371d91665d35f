"""Import Odoo, wait until the configuration file has content, then run Odoo's own start script.

The container of a warm slot runs this with Odoo's Python, and is paused while it waits. A container
that is started again finds the content and runs Odoo at once. Nothing of the product is imported.
Arguments: the configuration file, which is empty as long as no environment has claimed the slot,
then the modules to import.
"""

import importlib
import runpy
import shutil
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.01
READY = "oduflow: imported"  # as in `adapters/odoo/commands.py`


def is_empty(file: Path) -> bool:
    """Whether no environment has claimed the slot; it is written while this process is paused."""
    return file.stat().st_size == 0


def main() -> None:
    """Import, wait, and become Odoo."""
    configuration, *modules = sys.argv[1:]
    script = shutil.which("odoo")
    if script is None:
        sys.exit("oduflow: there is no program “odoo” in this image")
    # What Python does for a script. Odoo sets the time zone itself, after it imported `time`.
    sys.path[0] = str(Path(script).resolve().parent)
    file = Path(configuration)
    if is_empty(file):
        sys.argv = [script]
        for module in modules:
            importlib.import_module(module)
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        while is_empty(file):
            time.sleep(POLL_SECONDS)
    sys.argv = [script, "--config", configuration]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
