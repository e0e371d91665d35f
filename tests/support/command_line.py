"""The command line, run in this process."""

from click.testing import CliRunner, Result

from oduflow.cli.app import cli


def oduflow(*words: object, typed: str = "") -> Result:
    """Run `oduflow WORDS` in a wide terminal; a defect is raised, not swallowed."""
    return CliRunner().invoke(
        cli,
        [str(word) for word in words],
        input=typed,
        prog_name="oduflow",
        catch_exceptions=False,
        max_content_width=200,
        terminal_width=200,
    )
