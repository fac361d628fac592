#!/usr/bin/env python3
"""A worker is taken away from a cluster that keeps a file on all of its workers and runs a program:
the program succeeds, every block is still there, and nothing of the worker is left."""
import ast
import getpass
import hashlib
import json
import pathlib
import random
import time
import urllib.request

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming, word_counts

BLOCK_BYTES = 65536
BLOCKS = 120
OPEN_FILES = 12
# It keeps files open all the time: what is being written is on no list of HDFS's yet.
SLOW = """import threading
from pyspark import SparkContext
sc = SparkContext()
hdfs = sc._jvm.org.apache.hadoop.fs
place = hdfs.FileSystem.get(sc._jsc.hadoopConfiguration())
files = [place.create(hdfs.Path(f"/kept/open-{i}")) for i in range(%d)]
for file in files:
    file.writeBytes("begun, ")
    file.hflush()
def slow(item):
    threading.Event().wait(0.25)
    return item
print("begun", flush=True)
print("sum", sc.parallelize(range(60), 30).map(slow).sum(), flush=True)
for file in files:
    file.writeBytes("ended")
    file.close()
""" % OPEN_FILES


class Hdfs:
    """WebHDFS and the counters of one cluster's NameNode."""

    def __init__(self, nodes):
        self.addresses = {n["host"]: n["machine"]["address"] for n in nodes}
        master = next(n for n in nodes if n["role"] == "master")
        self.namenode = f"http://{master['machine']['address']}:9870"

    def send(self, method, path, query, content=None):
        url = f"{self.namenode}/webhdfs/v1{path}?noredirect=true&user.name={getpass.getuser()}&"
        asked = urllib.request.Request(url + query, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            place = json.load(answer)["Location"]
        for host, address in self.addresses.items():
            place = place.replace(f"//{host}:", f"//{address}:")
        asked = urllib.request.Request(place, method=method, data=content)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.read()

    def write(self, path, content):
        self.send("PUT", path, f"op=CREATE&blocksize={BLOCK_BYTES}", content)

    def read(self, path):
        return self.send("GET", path, "op=OPEN")

    def bean(self, name):
        url = f"{self.namenode}/jmx?qry=Hadoop:service=NameNode,name={name}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["beans"][0]

    def blocks(self):
        """Of each living DataNode in service, by host."""
        nodes = json.loads(self.bean("NameNodeInfo")["LiveNodes"])
        return {key.partition(":")[0]: node["numBlocks"] for key, node in nodes.items()
                if node["adminState"] == "In Service"}


class Resize(ClusterCase):
    def test_a_worker_leaves_with_nothing_lost(self):
        cluster = self.create_cluster("--workers", "3", "--wait")
        nodes = self.nodes(cluster)
        youngest = next(n for n in nodes if n["host"].endswith("-worker-3"))
        hdfs = Hdfs(nodes)
        content = random.Random(3).randbytes(BLOCKS * BLOCK_BYTES)
        hdfs.write("/kept/file", content)
        self.assertEqual(len(hdfs.blocks()), 3)
        self.assertGreater(min(hdfs.blocks().values()), 0, "blocks on all workers")

        program = self.folder / "slow.py"
        program.write_text(SLOW)
        run = self.start("run", program, "--cluster", cluster, "--output",
                         self.folder / "slow.tar.gz")
        self.assertEqual(run.stdout.readline(), "begun\n")
        begun = time.monotonic()
        smaller = self.json("clusters", "resize", cluster, "2", "--wait")
        took = time.monotonic() - begun
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, err[-2000:])
        self.assertEqual(out, "sum 1770\n")
        print(f"the worker left within {took:.1f} s")

        self.assertEqual((smaller["status"]["state"], smaller["ready_workers"]), ("Running", 2))
        gone = next(n for n in self.nodes(cluster) if n["id"] == youngest["id"])
        cluster_case.wait_for("its machine is given back", lambda: not pathlib.Path(
            gone["machine"]["dir"]).exists(), 20)
        self.assertEqual(processes_naming(gone["machine"]["dir"] + "/"), {})
        self.assertEqual(hashlib.sha256(hdfs.read("/kept/file")).hexdigest(),
                         hashlib.sha256(content).hexdigest())
        for i in range(OPEN_FILES):
            self.assertEqual(hdfs.read(f"/kept/open-{i}"), b"begun, ended")
        self.assertEqual(hdfs.bean("FSNamesystem")["MissingBlocks"], 0)
        self.assertEqual(sorted(hdfs.blocks()), sorted(
            n["host"] for n in nodes if n["role"] == "worker" and n is not youngest))

        self.assertEqual(smaller["memory"]["executors"], 2, "no program waits for a third")
        archive, _ = self.run_program(PROGRAMS / "wordcount.py", "--cluster", cluster, "--data",
                                      TEXT)
        counts = dict(ast.literal_eval(line) for line in archive.output_text().splitlines())
        self.assertEqual(counts, word_counts(TEXT))


if __name__ == "__main__":
    cluster_case.main()
