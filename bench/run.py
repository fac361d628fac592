#!/usr/bin/env python3
"""`bdaas run` of the Iliad on three workers: from nothing running to the archive written and the
cluster gone."""
import json
import statistics

import lib


def one(binary, *args):
    with lib.Home(binary) as home:
        seconds, ran = lib.timed(home.run, "run", lib.PROGRAMS / "wordcount.py", "--data", lib.TEXT,
                                 "--workers", "3", "--output", home.folder / "out.tar.gz",
                                 "--json", *args)
        result = json.loads(ran.stdout.splitlines()[-1])
        return seconds, {phase: took / 1000 for phase, took in result["took_ms"].items()}


def bench(binary, rounds):
    figures = []
    for name, args, goal in (("yarn", (), 25), ("standalone", ("--master", "standalone"), None)):
        runs = [one(binary, *args) for _ in range(rounds)]
        total = statistics.median(seconds for seconds, _ in runs)
        note = ", ".join(f"{phase} {statistics.median(p[phase] for _, p in runs):.1f}"
                         for phase in runs[0][1])
        figures.append(lib.at_most(f"{name}: all", total, goal, "s", note) if goal
                       else lib.Figure(f"{name}: all", total, "s", note=note))
    return figures


if __name__ == "__main__":
    lib.main("A run from nothing to the archive",
             "Word count of the Iliad in Python, one master and three workers, packages present; "
             "the median.", bench)
