"""Run pip, and move what it installed to one folder, inside a throw-away container of an image.

The container gets this file as source, because the product is not installed there.

pip installs below a prefix, because only there it counts the image's packages as installed, which
it does not with `--target`. A module that Python or the image has already is left out, so that what
Odoo imports stays what the image was tested with. Odoo's addons get a folder of their own, for the
addons path.
"""

import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

METADATA = (".dist-info", ".egg-info")

target, addons, options = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
prefix = target / ".new"
taken = {each.name for each in pkgutil.iter_modules()} | {*sys.builtin_module_names}


def move(source: Path, place: Path) -> None:
    """Move a file or a folder; folders that both have are merged, as namespaces are."""
    if source.is_dir() and place.is_dir():
        for each in list(source.iterdir()):
            move(each, place / each.name)
    elif not place.exists():
        place.parent.mkdir(exist_ok=True)
        source.rename(place)


def collect(packages: Path) -> None:
    """Move the packages of one folder to the target."""
    for each in list(packages.iterdir()):
        module = each.name.partition(".")[0]
        if each.name == "odoo":
            for addon in list((each / "addons").glob("*")):
                move(addon, addons / addon.name)
        elif module not in taken or each.name.endswith(METADATA):
            move(each, target / each.name)
        else:
            sys.stdout.write(f"{module} is in the image already, and stays as it is there.\n")


pip = [sys.executable, "-m", "pip", "install", "--prefix", str(prefix), *options]
code = subprocess.run(pip, check=False).returncode
if code == 0:
    for packages in [*prefix.rglob("site-packages"), *prefix.rglob("dist-packages")]:
        collect(packages)
shutil.rmtree(prefix, ignore_errors=True)
sys.exit(code)
