"""Git repositories; only this package runs git: with an empty environment and under limits."""

import os

# GitPython raises ImportError at its import when git is missing. The server starts without git, and
# an error names what is missing when git is needed (`doctor` checks it too).
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
