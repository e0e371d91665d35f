"""Files of environments: read, searched, edited without a commit, discarded, committed."""
