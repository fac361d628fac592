#!/usr/bin/env python3
"""Packages onto the machines of a cluster: until every machine has all of them, and what of that
the manager sent, for 2, 4 and 8 machines behind links of a fixed rate. The machines are those of
the lab (tests/lab/lab_hosts.py); the links of each and of the manager are shaped by tc."""
import copy
import pathlib
import shutil
import subprocess
import sys

import lib

sys.path.insert(0, str(lib.ROOT / "tests" / "lab"))
import lab_hosts  # noqa: E402

MACHINES = (2, 4, 8)
RATE_MBIT = 200
SECONDS_MAX = 400


def shape(device, pid=None):
    """What leaves through the device."""
    inside = ["nsenter", "--target", str(pid), "--net"] if pid else []
    subprocess.run([*inside, "tc", "qdisc", "add", "dev", device, "root", "tbf",
                    "rate", f"{RATE_MBIT}mbit", "burst", "128k", "latency", "50ms"], check=True)


def shape_all(lab):
    shape(lab_hosts.BRIDGE)
    for host in lab.hosts:
        shape(f"v-{host.name}")
        shape("eth0", host.process.pid)


def sent_by_manager():
    shown = subprocess.run(["ip", "-s", "-j", "link", "show", "dev", lab_hosts.BRIDGE],
                           check=True, capture_output=True)
    return lib.json.loads(shown.stdout)[0]["stats64"]["tx"]["bytes"]


def places(host):
    return host.root().glob("var/tmp/bdaas-*/packages")


def is_whole(host, names):
    return names and any(names <= {entry.name for entry in place.iterdir()}
                         for place in places(host))


def names_and_bytes(home):
    """Of the packages that the machines get: those whose chunks the manager has listed."""
    packages = pathlib.Path(home.env["BDAAS_PACKAGES"])
    names = {entry.stem for entry in packages.glob(".manifests/*.json")}
    size = sum(file.stat().st_size for name in names for file in (packages / name).rglob("*")
               if file.is_file())
    return names, size


def bring(home, lab, machines):
    """Seconds until all have everything, and the bytes that the manager sent meanwhile."""
    some = copy.copy(lab)
    some.hosts = lab.hosts[:machines]
    sent, begin = sent_by_manager(), lib.time.monotonic()
    cluster = home.json("clusters", "create", "--on", "ssh", "--hosts", some.hosts_file(),
                        "--workers", machines - 1)["id"]
    while not all(is_whole(host, names_and_bytes(home)[0]) for host in some.hosts):
        if lib.time.monotonic() - begin > SECONDS_MAX:
            raise RuntimeError(f"{machines} machines: not within {SECONDS_MAX} s")
        lib.pause(0.1)
    seconds = lib.time.monotonic() - begin
    sent = sent_by_manager() - sent
    home.terminate(cluster)
    for host in some.hosts:
        for place in places(host):
            shutil.rmtree(place)
    return seconds, sent


def bench(binary, rounds):
    lab = lab_hosts.Lab(max(MACHINES))
    try:
        while not all(host.answers() for host in lab.hosts):
            lib.pause(0.1)
        shape_all(lab)
        with lib.Home(binary) as home:
            return measure(home, lab, rounds)
    finally:
        lab.end()


def measure(home, lab, rounds):
    figures, median = [], lib.statistics.median
    seconds, sent = {}, {}
    for machines in MACHINES:
        runs = [bring(home, lab, machines) for _ in range(rounds)]
        _, size = names_and_bytes(home)
        seconds[machines] = median(run[0] for run in runs)
        sent[machines] = median(run[1] for run in runs)
        link = size * 8 / (RATE_MBIT * 1e6)
        figures.append(lib.Figure(f"{machines} machines: until all have everything",
                                  seconds[machines], "s",
                                  note=f"{link:.0f} s of one link at its full rate"))
        figures.append(lib.Figure(f"{machines} machines: the manager sent",
                                  sent[machines] / 2**20, "MiB",
                                  note=f"{size / 2**20:.0f} MiB of packages"))
    few, many = min(MACHINES), max(MACHINES)
    figures.append(lib.at_most(f"time, {many} machines against {few}",
                               seconds[many] / seconds[few], 1.3, "×"))
    figures.append(lib.at_most(f"bytes of the manager, {many} machines against {few}",
                               sent[many] / sent[few], 1.1, "×"))
    return figures


if __name__ == "__main__":
    missing = lab_hosts.needed()
    if missing or not shutil.which("tc"):
        sys.exit(f"this needs {missing or 'tc'}")
    lab_hosts.enter()
    lib.main("Packages onto the machines of a cluster",
             f"Machines of the lab behind links of {RATE_MBIT} Mbit/s each, the manager's too; "
             "from the command until every machine has every package, verified and on its disk "
             "(which is memory here). All share the processors of one computer.",
             bench, default_rounds=1)
