#!/usr/bin/env python3
"""kill -9 of the manager at each effect and at commits of a job on the real engines: `bdaas run`
starts the next one, and the job ends with the right result, once, and leaves nothing.

    kill_walk.py BINARY [--rounds N] [--commits N] [--seed S] [--write]

walks them one death a run, and writes what it saw into docs/reliability.md. survive_test.py has a
shorter walk, all deaths in one run. LEFT_OUT: `renew_lease`, which a job meets after ten minutes,
and `poll_step` and `list`, which only read; tests/sim walks those too."""
import argparse
import ast
import collections
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import cluster_case
from cluster_case import PROGRAMS, ROOT, TEXT, Archive, eventually, word_counts

sys.path.insert(0, str(ROOT / "tools"))
import dated_section  # noqa: E402

IN_A_JOB = ("fetch_release", "rent", "place_agent", "apply_plan", "load_data", "submit_step",
            "collect", "release")
ON_A_KEPT_CLUSTER = ("cancel_step", "clean_up")
IN_A_RESIZE = ("decommission",)  # told again and again while a worker leaves; no intent precedes it
LEFT_OUT = ("renew_lease", "poll_step", "list")
EFFECTS = ROOT / "src" / "model" / "intent.h"
MOMENTS = ("begun", "answered")  # its intent is committed; its answer is


class Rows:
    """What the manager has committed, read beside it."""

    def __init__(self, home):
        home.run("jobs", "list")  # a manager makes its database alone
        self.database = sqlite3.connect(f"file:{home.home}/bdaas.db?mode=ro", uri=True,
                                        check_same_thread=False)

    def ask(self, sql, *values):
        """All rows of the answer; none while a manager that starts keeps readers out."""
        try:
            return self.database.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def newest(self, table):
        return (self.ask(f"SELECT COALESCE(MAX(row), 0) FROM {table}") or [(0,)])[0][0]

    def lines(self):
        """Of the history: each commit writes some."""
        return (self.ask("SELECT COALESCE(MAX(seq), 0) FROM history") or [(0,)])[0][0]

    def intents(self, effect, after):
        """States of an effect's intents behind a row, oldest first."""
        return [state for state, in self.ask(
            "SELECT state FROM intents WHERE row > ? AND json_extract(body, '$.effect') = ?"
            " ORDER BY row", after, effect)]

    def plans(self, after):
        """A plan is a wish in the row of its node, not a call."""
        return ["Done" if applied == wanted else "Pending" for wanted, applied in self.ask(
            "SELECT json_extract(body, '$.plan_revision'),"
            " COALESCE(json_extract(body, '$.applied_revision'), 0) FROM nodes"
            " WHERE row > ? AND json_extract(body, '$.plan_revision') > 0", after)]


class Point:
    """A moment of an effect, after those that were there before the walk began."""

    def __init__(self, rows, effect, moment):
        self.rows, self.effect, self.moment = rows, effect, moment
        self.after = rows.newest("nodes" if effect == "apply_plan" else "intents")

    def __str__(self):
        return f"{self.effect}, {self.moment}"

    def states(self):
        if self.effect == "apply_plan":
            return self.rows.plans(self.after)
        return self.rows.intents(self.effect, self.after)

    def reached(self):
        states = self.states()
        return "Done" in states if self.moment == "answered" else states

    def found(self):
        """What the next manager will read."""
        return "pending" if "Pending" in self.states() else "answered"


class Running:
    """The program runs."""

    def __init__(self, rows):
        self.rows = rows

    def __str__(self):
        return "while the program runs"

    def reached(self):
        return self.rows.ask("SELECT 1 FROM steps WHERE state = 'Running'")

    def found(self):
        return "running"


class Leaving:
    """A worker is on its way out: the engine has been told, or is about to be."""

    def __init__(self, rows, moment):
        self.rows, self.moment = rows, moment

    def __str__(self):
        return f"decommission, {self.moment}"

    def drains(self):
        return [drain for drain, in self.rows.ask(
            "SELECT COALESCE(json_extract(body, '$.drain'), '') FROM nodes"
            " WHERE json_extract(body, '$.leaving_since') IS NOT NULL"
            " AND json_extract(body, '$.wanted')")]

    def reached(self):
        return any(self.drains()) if self.moment == "answered" else self.drains()

    def found(self):
        return "answered" if any(self.drains()) else "pending"


class Commit:
    """The history has grown to a number of lines."""

    def __init__(self, rows, number):
        self.rows, self.number = rows, number

    def __str__(self):
        return f"commit {self.number}"

    def reached(self):
        return self.rows.lines() >= self.number

    def found(self):
        return f"commit {self.rows.lines()}"


class Killer:
    """Waits for one point after the other, and ends the manager of that moment."""

    def __init__(self, home, points):
        self.home, self.points = home, points
        self.deaths = []  # (point, what was found)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.walk)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def walk(self):
        for point in self.points:
            while not point.reached():
                if self.over.wait(0.0005):
                    return
            pid = self.home.address().get("pid")
            if pid is None:
                return
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: not pathlib.Path(f"/proc/{pid}/fd/0").exists(), 10)
            self.deaths.append((point, point.found()))
            if not eventually(lambda: self.over.is_set() or self.home.address().get("pid") != pid,
                              60):
                return


def counting_program(home):
    """A word count that says how often it was begun."""
    program = home.folder / "once.py"
    begun = home.folder / "begun"
    program.write_text(f"open({str(begun)!r}, 'a').write('begun\\n')\n"
                       + (PROGRAMS / "wordcount.py").read_text())
    begun.unlink(missing_ok=True)
    return program, begun


def complaints_after_the_end(home, rows, job_before):
    """What is left although every cluster has ended."""
    def left():
        return [words for words in home.processes().values() if " serve " not in words]
    eventually(lambda: not left(), 30)
    found = [f"it runs still: {words}" for words in left()]
    found += [f"left: {path}" for path in (home.home / "machines").iterdir()]
    for table in ("intents", "leases", "jobs", "steps", "clusters"):
        found += [f"{table}: {state}" for state, in rows.ask(f"SELECT state FROM {table}") if state
                  not in ("Done", "Failed", "Unknown", "Released", "RentFailed", "Succeeded",
                          "Cancelled", "Terminated")]
    return found + [f"a job: {state}" for state, in rows.ask(
        "SELECT state FROM jobs WHERE row > ? AND state != 'Succeeded'", job_before)]


def walk_a_job(home, points, workers=1):
    """One job with a death at each point; answers with the deaths and what is wrong."""
    rows = points[0].rows
    program, begun = counting_program(home)
    job_before = rows.newest("jobs")
    archive = home.folder / "walk.tar.gz"
    archive.unlink(missing_ok=True)
    with Killer(home, points) as killer:
        ran = home.run("run", program, "--data", TEXT, "--workers", str(workers), "--output",
                       archive, timeout=300, text=True)
    wrong = []
    if ran.returncode != 0:
        wrong.append(f"exit code {ran.returncode}: {ran.stderr[-1500:]}")
    else:
        counted = dict(ast.literal_eval(line)
                       for line in Archive(archive).output_text().splitlines())
        if counted != word_counts(TEXT):
            wrong.append("the words are counted wrongly")
        if ran.stdout != "counted\n":
            wrong.append(f"it printed {ran.stdout!r}")
    times = begun.read_text().count("begun") if begun.exists() else 0
    if times != 1:
        wrong.append(f"the program was begun {times} times")
    return killer.deaths, wrong + complaints_after_the_end(home, rows, job_before)


def walk_a_cancellation(home, cluster, points):
    """On a cluster that stays, an endless program that its time-out ends."""
    program = home.folder / "endless.py"
    program.write_text("import threading\nfrom pyspark import SparkContext\nSparkContext()\n"
                       "threading.Event().wait()\n")
    with Killer(home, points) as killer:
        ran = home.run("run", program, "--cluster", cluster, "--timeout", "15s", "--output",
                       home.folder / "endless.tar.gz", timeout=300, text=True)
        eventually(lambda: len(killer.deaths) == len(points), 30)
    wrong = [] if ran.returncode == 124 else [f"exit code {ran.returncode}: {ran.stderr[-1500:]}"]
    if not eventually(lambda: not any("endless.py" in words
                                      for words in home.processes().values()), 30):
        wrong.append("the program runs still")
    return killer.deaths, wrong


def walk_a_resize(home, cluster, points):
    """A worker leaves a cluster that stays, and comes back afterwards."""
    resize = ("clusters", "resize", cluster)
    with Killer(home, points) as killer:
        ran = home.run(*resize, "1", "--wait", timeout=120, text=True)
        if ran.returncode == 3:  # it died; whoever asked goes on with the next manager
            ran = home.run(*resize, "1", "--wait", timeout=120, text=True)
    wrong = [] if ran.returncode == 0 else [f"exit code {ran.returncode}: {ran.stderr[-1500:]}"]
    ran = home.run(*resize, "2", "--wait", "--json", timeout=120, text=True)
    if ran.returncode != 0 or json.loads(ran.stdout)["ready_workers"] != 2:
        wrong.append(f"no other worker came: {ran.stdout[-500:]}{ran.stderr[-1500:]}")
    return killer.deaths, wrong


def forgotten_effects():
    """Neither walked nor named in LEFT_OUT."""
    known = re.findall(r'Effect::\w+, "(\w+)"', EFFECTS.read_text(encoding="utf-8"))
    assert len(known) > 10, known
    return set(known) - {*IN_A_JOB, *ON_A_KEPT_CLUSTER, *IN_A_RESIZE, *LEFT_OUT}


class Tally:
    """Deaths by point, and what was wrong."""

    def __init__(self):
        self.found = collections.defaultdict(collections.Counter)
        self.missed, self.wrong = collections.Counter(), []

    def add(self, points, deaths, wrong):
        for point, found in deaths:
            self.found[str(point)][found] += 1
        for point in points[len(deaths):]:
            self.missed[str(point)] += 1
        said = ", ".join(str(point) for point in points)
        print(f"{said}: " + (", ".join(found for _, found in deaths) or "not met")
              + (f" WRONG {wrong}" if wrong else ""), flush=True)
        self.wrong += [f"{said}: {text}" for text in wrong]

    def table(self):
        rows, commits = [], 0
        for point, found in self.found.items():
            if point.startswith("commit "):
                commits += sum(found.values())
            else:
                rows.append([point, sum(found.values()), ", ".join(
                    f"{what} {times}" for what, times in sorted(found.items()))])
        if commits:
            rows.append(["a line of the history, by dice", commits, "the rows up to it"])
        rows.append(["all", sum(row[1] for row in rows), f"{len(self.wrong)} wrong ends"])
        return dated_section.table(["death", "times", "what the next manager found"], rows)


def walk(binary, options):
    tally = Tally()
    dice = random.Random(options.seed)
    home = cluster_case.Home(binary)
    try:
        rows = Rows(home)
        length = 0  # of the history of one run, at least
        for _ in range(options.rounds):
            for effect in IN_A_JOB:
                for moment in MOMENTS:
                    points = [Point(rows, effect, moment)]
                    before = rows.lines()
                    tally.add(points, *walk_a_job(home, points))
                    length = min(length or rows.lines(), rows.lines() - before)
        for _ in range(options.commits):
            points = [Commit(rows, rows.lines() + 1 + dice.randrange(length))]
            tally.add(points, *walk_a_job(home, points))
        made = home.run("clusters", "create", "--workers", "2", "--json")
        cluster = json.loads(made.stdout)["id"]
        for _ in range(options.rounds):
            for effect in ON_A_KEPT_CLUSTER:
                for moment in MOMENTS:
                    points = [Point(rows, effect, moment)]
                    tally.add(points, *walk_a_cancellation(home, cluster, points))
            for moment in MOMENTS:
                points = [Leaving(rows, moment)]
                tally.add(points, *walk_a_resize(home, cluster, points))
    finally:
        left = home.end()
    return tally, left


ABOUT = """One death a run of a job, a word count with one worker; `bdaas run` starts the next
manager. After each run: no process and no directory left; where the job is to succeed, the
right counts, the program begun once and no open row. "begun": as soon as its intent is seen in
the database; "answered": as soon as its answer is. `tests/sim` walks every place, with the fake
engine."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--commits", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    began, where = time.monotonic(), dated_section.machine()
    if forgotten_effects():
        sys.exit(f"say in IN_A_JOB or LEFT_OUT what becomes of {forgotten_effects()}")
    tally, left = walk(options.binary.resolve(), options)
    print(tally.table())
    print(f"{time.monotonic() - began:.0f} s; not met: {dict(tally.missed)}; wrong: {tally.wrong}; "
          f"left behind: {left}")
    if options.write:
        dated_section.put(ROOT / "docs" / "reliability.md", "kill -9 of the manager", ABOUT,
                          f"tests/cluster/kill_walk.py BINARY --rounds {options.rounds} --commits "
                          f"{options.commits} --seed {options.seed} --write", where, tally.table())
    return 1 if tally.wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
