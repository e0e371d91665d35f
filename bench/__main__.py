"""`python -m bench [ROUNDS]`: measure the product against its targets.

Starts one instance with its own prefix, measures each figure ROUNDS times (default 5) together with
its lower bound, and prints median, range and target. Run it on an otherwise idle machine; compare
ratios, not seconds.
"""

import json
import sys
from pathlib import Path

from bench.credentials import measure_credentials
from bench.figures import Figure, table
from bench.measure import measure

RESULTS = Path(".bench") / "latest.json"


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    figures = [*measure_credentials(rounds), *measure(rounds)]
    print(table(figures))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))
    print(f"\nwritten to {RESULTS}")
    return 0 if all(map(Figure.holds, figures)) else 1


if __name__ == "__main__":
    sys.exit(main())
