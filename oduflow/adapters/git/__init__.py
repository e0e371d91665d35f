"""The one place that runs git: through GitPython, from an empty environment, under limits."""

import os

# GitPython looks for git when it is imported and raises ImportError without it. We rather start,
# and say what is missing in our own words when git is needed (`doctor` asks too).
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
