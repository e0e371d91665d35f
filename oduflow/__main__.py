"""`python -m oduflow`, and the console script `oduflow`."""

from oduflow.cli.app import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="oduflow")


if __name__ == "__main__":
    main()
