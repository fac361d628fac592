#!/usr/bin/env python3
"""What a cluster of the smallest size really takes of the machine's memory."""
import pathlib
import re
import tempfile
import threading

import lib

SMALLEST = 4848  # MiB; of three workers on YARN with Comet, see docs/memory.md


def words_of(process):
    """Where a process works and how it was called: one of a cluster names its home there."""
    try:
        called = (process / "cmdline").read_bytes().decode(errors="replace")
        return called + " " + str((process / "cwd").readlink())
    except OSError:  # it has ended, or is a stranger's
        return ""


def shared_out_kib(process):
    """Proportional set size: pages that several share are counted once over all of them."""
    try:
        return int(re.search(r"Pss:\s+(\d+)", (process / "smaps_rollup").read_text())[1])
    except (OSError, TypeError):
        return 0


def largest_kib(process):
    """What a process ever had in memory at once."""
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())[1])
    except (OSError, TypeError):
        return 0


def is_agent(process):
    return pathlib.Path(words_of(process).partition("\0")[0]).name == "bdaas-agent"


class Peak:
    """Looked at twice a second: the largest sum over all processes of a home, and the largest of
    its agents alone."""

    def __init__(self, home):
        self.home, self.mib, self.agent_mib = str(home), 0.0, 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.5):
            own = [p for p in pathlib.Path("/proc").glob("[0-9]*") if self.home in words_of(p)]
            self.mib = max(self.mib, sum(map(shared_out_kib, own)) / 1024)
            self.agent_mib = max(self.agent_mib,
                                 *(largest_kib(p) / 1024 for p in own if is_agent(p)), 0.0)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def bench(binary, rounds):
    peaks, agents = [], []
    for _ in range(rounds):
        with lib.Home(binary) as home, tempfile.TemporaryDirectory() as folder:
            with Peak(home.home) as peak:
                home.run("run", lib.PROGRAMS / "wordcount.py", "--data", lib.TEXT, "--workers", 3,
                         "--memory", f"{SMALLEST}m", "--output", f"{folder}/words.tar.gz")
            peaks.append(peak.mib)
            agents.append(peak.agent_mib)
    return [lib.at_most(f"1 + 3 with `--memory {SMALLEST}m`, word count: peak of all processes",
                        max(peaks), SMALLEST, "MiB", f"the largest of {rounds}"),
            lib.at_most("the largest of its agents, drivers' wrappers included", max(agents), 10,
                        "MiB", f"the largest of {rounds}")]


if __name__ == "__main__":
    lib.main("Memory", "All processes of a cluster, manager included, by proportional set size.",
             bench, default_rounds=2)
