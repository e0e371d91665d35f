"""`python -m oduflow`, and the console script `oduflow`."""

import sys


def main() -> None:
    """Run the command line."""
    # First: loading the other modules takes a second, during which `ps` would show a token.
    from oduflow.cli.process_title import hide_secrets  # noqa: PLC0415

    hide_secrets(sys.argv)
    from oduflow.cli.app import cli  # noqa: PLC0415

    cli(prog_name="oduflow")


if __name__ == "__main__":
    main()
