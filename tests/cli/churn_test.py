#!/usr/bin/env python3
"""Clusters of the fake engine that are ended while they start: no agent outlives its machine.
Argument: the bdaas binary."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from manager import Home, eventually  # noqa: E402

ROUNDS = 40
STATES = ["Requested", "Provisioning", "Bootstrapping", "Starting", "Running"]


def has_come(home, cluster, moment):
    state = home.get(f"/v1/clusters/{cluster}")["status"]["state"]
    return state not in STATES[:moment]


def main():
    home = Home(pathlib.Path(sys.argv[1]).resolve())
    manager = home.serve("--port", "0")
    dice = random.Random(3)
    try:
        for _ in range(ROUNDS):
            made = [home.post("/v1/clusters", {"workers": 2, "engine": "fake"})["id"]
                    for _ in range(3)]
            # Any moment of the start may be the wrong one.
            for cluster in made:
                moment = dice.randrange(len(STATES))
                eventually(lambda: has_come(home, cluster, moment))
                home.post(f"/v1/clusters/{cluster}/terminate", {})
    finally:
        left = home.end()
    print(f"left behind: {left}")
    return 0 if not left and manager.wait(60) == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
