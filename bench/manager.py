#!/usr/bin/env python3
"""The manager itself: idle, and with a thousand nodes that cost nothing."""
import statistics
import time

import lib


def idle(home):
    home.run("clusters", "list")
    lib.pause(3)
    before = lib.cpu_seconds(home.manager())
    lib.pause(30)
    cpu = (lib.cpu_seconds(home.manager()) - before) / 30 * 100
    memory = lib.status_kib(home.manager(), "VmRSS") / 1024
    return [lib.at_most("manager, idle: memory", memory, 30, "MiB"),
            lib.at_most("manager, idle: CPU", cpu, 0.2, "%")]


def agents(home):
    cluster = home.create("--engine", "fake", "--workers", "3")
    lib.pause(5)
    memory = []
    for node in home.nodes(cluster):
        directory = node["machine"]["dir"]
        for entry in lib.pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            words = entry.read_bytes().split(b"\0")
            if b"run" in words and directory.encode() in words:
                memory.append(lib.status_kib(entry.parent.name, "VmRSS") / 1024)
    home.terminate(cluster)
    return [lib.at_most("agent: memory", statistics.median(memory), 10, "MiB",
                        f"of {len(memory)}")]


def thousand_nodes(home):
    before = lib.cpu_seconds(home.manager())
    begin = time.monotonic()
    cluster = home.create("--on", "fake", "--workers", "1000")
    up = time.monotonic() - begin
    home.terminate(cluster)
    took = time.monotonic() - begin
    cpu = (lib.cpu_seconds(home.manager()) - before) / 1001 * 1000
    memory = lib.status_kib(home.manager(), "VmHWM") / 1024
    return [lib.at_most("1,000 fake nodes: CPU a node, launched and terminated", cpu, 5, "ms"),
            lib.at_most("1,000 fake nodes: peak memory of the manager", memory, 512, "MiB"),
            lib.Figure("1,000 fake nodes: until all are ready", up, "s"),
            lib.Figure("1,000 fake nodes: until all are released", took, "s")]


def bench(binary, _rounds):
    with lib.Home(binary) as home:
        return idle(home) + agents(home) + thousand_nodes(home)


if __name__ == "__main__":
    lib.main("The manager", "Idle, its agents, and a thousand nodes of the provider `fake`.", bench)
