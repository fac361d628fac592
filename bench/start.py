#!/usr/bin/env python3
"""A local cluster of one master and three workers until it is ready, against the same daemons
started by hand: default JVM flags, one after the other's readiness."""
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import urllib.request

import lib

# What a user who follows the manuals would not write: flags that make starts faster.
TUNING = re.compile(r"-XX:\+?UseSerialGC|-XX:TieredStopAtLevel.*|-XX:-UsePerfData|-Xshare.*|"
                    r"-XX:SharedArchiveFile.*|-Xlog:cds.*|-XX:\+UnlockDiagnosticVMOptions|"
                    r"-XX:ArchiveRelocationMode.*|-Xss.*")


def ours(binary, copies=None):
    """Seconds; with `copies`, the nodes' directories are kept there for the peer."""
    with lib.Home(binary) as home:
        home.run("clusters", "list")
        seconds, cluster = lib.timed(home.create, "--workers", "3", "--memory", "8g")
        nodes = home.nodes(cluster)
        if copies is not None:
            for node in nodes:
                shutil.copytree(node["machine"]["dir"], copies / node["host"],
                                ignore=lambda d, names: [n for n in names if n in ("hdfs", "yarn")
                                                         or n.endswith(".sock")])
        release = home.json("clusters", "describe", cluster)["release"]
        home.terminate(cluster)
    return seconds, nodes, release


def is_ready(probe):
    place = f"{probe['address']}:{probe['port']}"
    try:
        if probe["kind"] == "port":
            socket.create_connection((probe["address"], probe["port"]), timeout=2).close()
            return True
        with urllib.request.urlopen(f"http://{place}{probe['path']}", timeout=2) as answer:
            return probe["expect"] in answer.read().decode()
    except OSError:
        return False


class ByHand:
    """The daemons of the agents' plans, without what BDaaS adds to them."""

    def __init__(self, copies, nodes, release):
        self.copies, self.nodes, self.release = copies, nodes, release
        self.processes = []

    def daemons(self, node):
        """Name, argv, environment, and where to look whether it is ready."""
        place = self.copies / node["host"]
        plan = json.loads((place / "agent-plan.json").read_text()
                          .replace(node["machine"]["dir"], str(place)))
        for daemon in plan["daemons"]:
            argv = [word for word in daemon["argv"] if not TUNING.fullmatch(word)]
            yield daemon["name"], argv, daemon["env"], daemon["ready"]

    def prepare(self):
        for node in self.nodes:
            place = self.copies / node["host"]
            for path in place.rglob("*"):
                if path.is_file() and path.suffix in (".xml", ".properties"):
                    path.write_text(path.read_text().replace(node["machine"]["dir"], str(place)))
            for part in ("hdfs", "yarn", "tmp", "log"):
                shutil.rmtree(place / part, ignore_errors=True)
                (place / part).mkdir()
            plan = json.loads((place / "agent-plan.json").read_text()
                              .replace(node["machine"]["dir"], str(place)))
            for directory in plan["directories"]:
                pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
        master = next(node for node in self.nodes if node["role"] == "master")
        for name, argv, env, _ in self.daemons(master):
            if name == "namenode":
                subprocess.run([*argv, "-format", "-force", "-nonInteractive"], env=env, check=True,
                               capture_output=True)

    def start(self):
        for node in sorted(self.nodes, key=lambda n: n["role"] != "master"):
            for name, argv, env, probes in self.daemons(node):
                with open(self.copies / f"{node['host']}-{name}.log", "wb") as log:
                    self.processes.append(subprocess.Popen(argv, env=env, stdout=log, stderr=log))
                while not all(map(is_ready, probes)):
                    if self.processes[-1].poll() is not None:
                        raise RuntimeError(f"{name} of {node['host']} ended; see its log")
                    lib.pause(0.1)

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def by_hand(copies, nodes, release):
    peer = ByHand(copies, nodes, release)
    peer.prepare()
    try:
        return lib.timed(peer.start)[0]
    finally:
        peer.stop()


def bench(binary, rounds):
    own, peer = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bdaas-bench-hand-") as folder:
            copies = pathlib.Path(folder)
            seconds, nodes, release = ours(binary, copies)
            own.append(seconds)
            peer.append(by_hand(copies, nodes, release))
    mine, theirs = statistics.median(own), statistics.median(peer)
    return [lib.at_most("ready: ratio to the daemons started by hand", mine / theirs, 0.5, "×",
                        f"by hand {theirs:.1f} s"),
            lib.at_most("ready", mine, 12, "s")]


if __name__ == "__main__":
    lib.main("A cluster until it is ready",
             "One master and three workers on one machine, packages present. By hand: the same "
             "daemons and settings with default JVM flags, each started when the one before it was "
             "ready, HDFS formatted before; the medians.", bench)
