"""Write what the documents derive from the code."""

from tests.architecture.documentation_test import BEGIN, END, configuration_table
from tests.support.tree import ROOT


def main() -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(before + BEGIN + configuration_table() + END + after, "utf-8")


if __name__ == "__main__":
    main()
