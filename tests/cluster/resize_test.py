#!/usr/bin/env python3
"""A worker is taken away from a cluster that keeps a file on all of its workers and runs a program:
the program succeeds, every block is still there, and nothing of the worker is left. Then another
one comes; one leaves while the ResourceManager dies; and the NameNode dies under new data."""
import ast
import hashlib
import json
import os
import pathlib
import random
import signal
import time

import cluster_case
import proc
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming, wait_for
from hdfs import BLOCK_BYTES, Hdfs

BLOCKS = 120
OPEN_FILES = 12
FILES = 2000
LINES = """import sys
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().read.text(sys.argv[1]).count(), "lines")
"""
# It keeps files open all the time: what is being written is on no list of HDFS's yet.
SLOW = """from pyspark import SparkContext
sc = SparkContext.getOrCreate()
hdfs = sc._jvm.org.apache.hadoop.fs
place = hdfs.FileSystem.get(sc._jsc.hadoopConfiguration())
files = [place.create(hdfs.Path(f"/kept/open-{i}")) for i in range(%d)]
for file in files:
    file.writeBytes("begun, ")
    file.hflush()
%s
for file in files:
    file.writeBytes("ended")
    file.close()
""" % (OPEN_FILES, (PROGRAMS / "slow.py").read_text())


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
        wait_for("its machine is given back", lambda: not pathlib.Path(
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

        self.check_that_a_worker_comes(cluster, youngest)
        self.check_that_one_leaves_although_yarn_dies(cluster)
        self.check_that_data_is_loaded_although_hdfs_dies(cluster)

    def check_that_a_worker_comes(self, cluster, gone):
        larger = self.json("clusters", "resize", cluster, "3", "--wait")
        self.assertEqual((larger["ready_workers"], larger["memory"]["executors"]), (3, 3))
        hosts = {n["host"] for n in self.nodes(cluster) if n["role"] == "worker" and n["wanted"]}
        self.assertEqual(len(hosts - {gone["host"]}), 3)
        self.assertEqual(set(Hdfs(self.nodes(cluster)).blocks()), hosts)
        archive, _ = self.run_program(PROGRAMS / "wordcount.py", "--cluster", cluster, "--data",
                                      TEXT)
        self.check_word_counts(dict(map(ast.literal_eval, archive.output_text().splitlines())))
        step = max(self.json("steps", "list", cluster), key=lambda s: s["created_at"])
        self.assertEqual(self.task_hosts(cluster, step["handle"]), hosts)

    def kill_daemon(self, main_class):
        """Answers when the agent has started another."""
        def process():
            return next((pid for pid in self.home.processes() if main_class in proc.words(pid)),
                        None)
        old = process()
        os.kill(old, signal.SIGKILL)
        wait_for(f"another {main_class}", lambda: process() not in (None, old))

    def check_that_one_leaves_although_yarn_dies(self, cluster):
        resizing = self.start("clusters", "resize", cluster, "2", "--wait", "--json")
        wait_for("it begins to leave",
                 lambda: self.json("clusters", "describe", cluster)["leaving"])
        self.kill_daemon("org.apache.hadoop.yarn.server.resourcemanager.ResourceManager")
        out, err = resizing.communicate(timeout=120)
        self.assertEqual(resizing.returncode, 0, err)
        self.assertEqual(json.loads(out)["ready_workers"], 2)
        self.assertEqual(len(Hdfs(self.nodes(cluster)).blocks()), 2)

    def check_that_data_is_loaded_although_hdfs_dies(self, cluster):
        many = self.folder / "many"
        many.mkdir()
        for i in range(FILES):
            (many / f"{i}.txt").write_text(f"{i}\n" * 2)
        program = self.folder / "lines.py"
        program.write_text(LINES)
        run = self.start("run", program, "--cluster", cluster, "--data", many, "--output",
                         self.folder / "lines.tar.gz", "--", "{input}")
        rows = Hdfs(self.nodes(cluster))
        wait_for("some files are there", lambda: rows.bean("FSNamesystem")["FilesTotal"] > 300)
        self.kill_daemon("org.apache.hadoop.hdfs.server.namenode.NameNode")
        out, err = run.communicate(timeout=180)
        self.assertEqual(run.returncode, 0, err[-2000:])
        self.assertEqual(out, f"{FILES * 2} lines\n")
        self.assertEqual(rows.bean("FSNamesystem")["MissingBlocks"], 0)


if __name__ == "__main__":
    cluster_case.main()
