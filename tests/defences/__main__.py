"""`python -m tests.defences [WORD…] [--real]`: take each defence out and see its tests fail.

A word keeps those entries whose name holds it, such as `oauth` or `audit.edited_row`. The exit
code is 0 when every entry that ran is proven.
"""

import argparse
import queue
import sys
import threading
import time
from collections.abc import Sequence

from tests.defences.proof import Outcomes, Prover, Unproven
from tests.defences.table import Defence, load

AT_ONCE = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.defences")
    parser.add_argument("words", nargs="*", metavar="WORD", help="part of an entry's name")
    parser.add_argument("--real", action="store_true", help="also those that need real parts")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="pytest processes at once")
    asked = parser.parse_args()
    named = [d for d in load() if not asked.words or any(w in d.name for w in asked.words)]
    chosen = [defence for defence in named if asked.real or not defence.real]
    begun = time.monotonic()
    proven = judge(chosen, asked.at_once)
    took, left = time.monotonic() - begun, len(named) - len(chosen)
    say(f"{proven} of {len(chosen)} defences proven in {took:.0f} s; {left} more with --real")
    return 0 if chosen and proven == len(chosen) else 1


def judge(chosen: Sequence[Defence], at_once: int) -> int:
    """Prove each defence and say how it went; return how many are proven."""
    tests = list(dict.fromkeys(test for defence in chosen for test in defence.tests))
    waiting: queue.SimpleQueue[Defence] = queue.SimpleQueue()
    for defence in chosen:
        waiting.put(defence)
    proven: list[str] = []
    try:
        with Prover() as prover:
            in_place = prover.standing(tests)
    except Unproven as why:
        say(f"with every defence in place: {why}")
        return 0
    workers = [
        threading.Thread(target=_work, args=(waiting, in_place, proven)) for _ in range(at_once)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(proven)


def _work(waiting: "queue.SimpleQueue[Defence]", in_place: Outcomes, proven: list[str]) -> None:
    with Prover() as prover:
        while True:
            try:
                defence = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                prover.prove(defence, in_place)
            except Unproven as why:
                say(f"OPEN    {defence.name}: {defence.line}\n        {why}")
            else:
                proven.append(defence.name)
                say(f"proven  {defence.name}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
