"""Provide the images that tests with Docker need: local, else pulled, else built."""

from oduflow.adapters.docker.build import build_image
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images

VERSIONS = ("14.0", "19.0")  # Odoo's oldest and newest supported version
ODOO = "odoo:19.0"
POSTGRES = "postgres:18"


def main() -> None:
    images = Images(Engine(), build_image)
    for reference in (ODOO, POSTGRES, "odoo:14.0"):
        images.ensure(reference, lambda line: print(f"  {line}", flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
