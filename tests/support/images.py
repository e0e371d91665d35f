"""Provide the images that tests with Docker need: local, else pulled, else built."""

from oduflow.adapters.docker.build import build_image
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images

ODOO = "odoo:19.0"
POSTGRES = "postgres:18"


def main() -> None:
    images = Images(Engine(), build_image)
    for reference in (ODOO, POSTGRES):
        images.ensure(reference, lambda line: print(f"  {line}", flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
