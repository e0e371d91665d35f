import resource
import subprocess
import sys

import pytest

ASK = """
import resource
from oduflow.cli.serve import raise_descriptor_limit
print(raise_descriptor_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.thorough
def test_as_much_may_be_open_as_the_machine_allows():
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256))

    told = subprocess.run(
        [sys.executable, "-c", ASK], preexec_fn=lower, capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == ["256", "256", "256"]
