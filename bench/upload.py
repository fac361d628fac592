#!/usr/bin/env python3
"""Data into HDFS: `bdaas data put` and the load into a cluster, against `hdfs dfs -put`, and
against what the disk alone takes."""
import os
import shutil
import subprocess

import lib
from submit import Peer

NOTHING = """from pyspark import SparkContext
SparkContext()
"""


def make_files(folder):
    large, many = folder / "large", folder / "many"
    with open(large, "wb") as out:
        for _ in range(1024):
            out.write(os.urandom(1 << 20))
    many.mkdir()
    for i in range(1000):
        (many / f"file-{i:04}").write_bytes(os.urandom(10_000))
    return large, many


def copy_sync_and_hash(large, folder):
    copy = folder / "copy"
    shutil.copyfile(large, copy)
    subprocess.run(["sync", copy], check=True)
    subprocess.run(["sha256sum", copy], check=True, capture_output=True)
    copy.unlink()


def bench(binary, rounds):
    with lib.Home(binary) as home:
        large, many = make_files(home.folder)
        cluster = home.create("--workers", "1")
        peer = Peer(home, cluster)
        nothing = home.folder / "nothing.py"
        nothing.write_text(NOTHING)
        peer.hdfs("-mkdir", "-p", "/bench")
        figures = []
        for name, path, goal in (("one file of 1 GiB", large, 1.5),
                                 ("1,000 files of 10 KB", many, 5)):
            puts, loads, lent, theirs, disk = [], [], [], [], []
            for i in range(rounds):
                begin = lib.time.monotonic()
                data = home.json("data", "put", path)
                identity = (data[0] if isinstance(data, list) else data)["id"]
                puts.append(lib.time.monotonic() - begin)
                loads.append(load(home, cluster, nothing, identity))
                home.run("data", "remove", identity)
                lent.append(load(home, cluster, nothing, path, ("upload", "data")))
                theirs.append(lib.timed(peer.hdfs, "-put", path, f"/bench/{path.name}{i}")[0])
                peer.hdfs("-rm", "-r", "-skipTrash", f"/bench/{path.name}{i}")
                if path == large:
                    disk.append(lib.timed(copy_sync_and_hash, large, home.folder)[0])
            median = lib.statistics.median
            all_of_ours = median(puts) + median(loads)
            figures.append(lib.at_least(
                f"{name}: load into HDFS, times faster than hdfs dfs -put",
                median(theirs) / median(loads), goal, "×",
                f"{median(loads):.2f} s against {median(theirs):.2f} s"))
            figures.append(lib.at_least(
                f"{name}: all that `bdaas run --data PATH` does with it, likewise",
                median(theirs) / median(lent), goal, "×", f"{median(lent):.2f} s"))
            figures.append(lib.Figure(f"{name}: `bdaas data put` and then the load, likewise",
                                      median(theirs) / all_of_ours, "×",
                                      note=f"put {median(puts):.2f} s"))
            if disk:
                figures.append(lib.at_least(
                    f"{name}: speed of the upload against cp + sync + sha256sum",
                    median(disk) / median(puts), 0.5, "×", f"{median(disk):.2f} s"))
        memory = lib.status_kib(home.manager(), "VmHWM") / 1024
        figures.append(lib.at_most("peak memory of the manager", memory, 64, "MiB"))
        home.terminate(cluster)
    return figures


def load(home, cluster, program, data, phases=("data",)):
    ran = home.run("run", program, "--data", data, "--cluster", cluster, "--json", "--output",
                   home.folder / "out.tar.gz")
    result = lib.json.loads(ran.stdout.splitlines()[-1])
    return sum(result["took_ms"][phase] for phase in phases) / 1000


if __name__ == "__main__":
    lib.main("Data into HDFS",
             "Replication 1, one worker; the medians. `bdaas run --data` reads a file where it "
             "lies; `bdaas data put` copies it to the manager first, which is the slower way for "
             "data that is used once.", bench)
