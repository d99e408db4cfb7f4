"""The long storm: `make chaos`.

python -m tests.chaos [--kills N] [--runs N] [--seed N]
"""

import argparse
import random
import sys

import click

from tests.chaos.place import place
from tests.chaos.storm import Storm

TAKEOVER = 15.0  # seconds, on a machine with nothing else to do


def main() -> None:
    """Rage, then say what was broken, if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words = parser.parse_args()
    with place(DAYBOOK_ATTEMPTS="50", DAYBOOK_KERNELS="1") as here:
        storm = Storm(here, words.runs, words.kills, words.seed, patience=30 + 8.0 * (words.kills + words.runs))
        storm.rage()
        found = storm.findings() + [f"takeover after {t:.1f} s" for t in storm.takeovers if t > TAKEOVER]
    killed = ", ".join(f"{count} {what}" for what, count in sorted(storm.done.items()))
    longest = max(storm.takeovers, default=0.0)
    click.echo(
        f"seed {words.seed}: {words.runs} runs; killed: {killed}; database restarted: {storm.restarts}; "
        f"{len(storm.takeovers)} takeovers, longest {longest:.1f} s"
    )
    click.echo("\n".join(found) or "nothing lost, nothing twice")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
