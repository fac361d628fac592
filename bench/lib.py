"""What the benches share: a manager of their own, fair timing, and the table they are written to.

A bench is a function that answers with figures. Ratios are measured in one run, alternating with
what they are compared with, since other programs on the machine slow both."""
import dataclasses
import json
import os
import pathlib
import re
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tools"))
import dated_section  # noqa: E402
import manager  # noqa: E402

ILIAD = ROOT.parent / "shared" / "data" / "iliad.mb.txt"
TEXT = ILIAD if ILIAD.exists() else ROOT / "LICENSE"
PROGRAMS = ROOT / "tests" / "cluster" / "programs"


@dataclasses.dataclass
class Figure:
    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    note: str = ""


def at_most(name, value, limit, unit, note=""):
    return Figure(name, value, unit, f"≤ {limit:g}", value <= limit, note)


def at_least(name, value, limit, unit, note=""):
    return Figure(name, value, unit, f"≥ {limit:g}", value >= limit, note)


class Home(manager.Home):
    """A manager whose clusters all end with it; a command that fails ends the bench."""

    def __init__(self, binary):
        super().__init__(pathlib.Path(binary).resolve())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def run(self, *words, timeout=900, **_):
        ran = super().run(*map(str, words), timeout=timeout, text=True)
        ran.check_returncode()
        return ran

    def json(self, *args):
        return json.loads(self.run(*args, "--json").stdout)

    def wait_for_state(self, cluster, states, seconds=300):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = self.json("clusters", "describe", cluster)["status"]["state"]
            if state in states:
                return
            pause(0.05)
        raise RuntimeError(f"{cluster} is {state} after {seconds} s")

    def create(self, *args):
        cluster = self.json("clusters", "create", *args)["id"]
        self.wait_for_state(cluster, ("Running",))
        return cluster

    def terminate(self, cluster):
        self.run("clusters", "terminate", cluster)
        self.wait_for_state(cluster, ("Terminated", "TerminatedWithErrors"))

    def nodes(self, cluster):
        return self.json("clusters", "nodes", cluster)

    def manager(self):
        """Process id."""
        return self.address()["pid"]


def pause(seconds):
    threading.Event().wait(seconds)


def timed(work, *args, **options):
    begin = time.monotonic()
    answer = work(*args, **options)
    return time.monotonic() - begin, answer


def alternate(rounds, **works):
    """Median seconds of each work, run in turn `rounds` times."""
    seconds = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seconds[name].append(timed(work)[0])
    return {name: statistics.median(all_of) for name, all_of in seconds.items()}


def status_kib(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text)[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write_section(name, about, figures, command, where):
    """Puts the figures into docs/benchmarks.md, in place of those of an earlier run."""
    rows = [[f.name, f"{f.value:.3g} {f.unit}", f.goal,
             "" if f.met is None else "yes" if f.met else "**no**", f.note] for f in figures]
    dated_section.put(ROOT / "docs" / "benchmarks.md", name, about, command, where,
                      dated_section.table(["what", "measured", "goal", "met", ""], rows))


def main(name, about, bench, default_rounds=3):
    """The command line of a bench file: BINARY [--rounds N] [--write]."""
    rounds = default_rounds
    arguments = sys.argv[1:]
    if "--rounds" in arguments:
        at = arguments.index("--rounds")
        rounds = int(arguments[at + 1])
        del arguments[at:at + 2]
    write = "--write" in arguments
    binary = next((a for a in arguments if not a.startswith("--")),
                  str(ROOT / "build" / "release" / "src" / "app" / "bdaas"))
    where = dated_section.machine()
    figures = bench(binary, rounds)
    for figure in figures:
        print(f"{figure.name}: {figure.value:.3g} {figure.unit}"
              + (f" (goal {figure.goal}: {'met' if figure.met else 'NOT met'})" if figure.goal
                 else "") + (f"; {figure.note}" if figure.note else ""), flush=True)
    if write:
        script = pathlib.Path(sys.argv[0]).name
        write_section(name, about, figures, f"bench/{script} --rounds {rounds} --write", where)
