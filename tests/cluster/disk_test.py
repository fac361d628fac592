#!/usr/bin/env python3
"""Programs that fill the disk, on a file system of 640 MB of their own: the job ends with their own
last words, the manager goes on, nothing is left, and the next job has its space."""
import ast
import os
import shutil
import subprocess
import sys
import unittest

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, wait_for, word_counts

DISK_MIB = 640
INSIDE = "--inside-the-namespace"
INTO_ITS_DIRECTORY = """
from pyspark import SparkContext
SparkContext()
with open("fill", "wb") as file:
    while True:
        file.write(b"x" * (1 << 20))
"""
INTO_HDFS = """
import sys
from pyspark.sql import SparkSession
rows = SparkSession.builder.getOrCreate().range(0, 1 << 21, 1, 2)
rows.selectExpr("repeat('x', 1023) AS value").write.text(sys.argv[-1])
"""


class FullDisk(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disk = cls.home.home
        cls.disk.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs",
                        cls.disk], check=True)

    @classmethod
    def end(cls):
        cls.home.run("stop", "--terminate-clusters")
        subprocess.run(["umount", "--lazy", cls.disk], check=False)
        super().end()

    def free_mib(self):
        return shutil.disk_usage(self.disk).free >> 20

    def fill(self, text, *more):
        """What the job said in the end."""
        program = self.folder / "fill.py"
        program.write_text(text)
        ran = self.bdaas("run", program, "--output", self.folder / "fill.tar.gz", *more, code=1)
        wait_for("all its space is given back", lambda: self.free_mib() > DISK_MIB - 50)
        self.assertEqual(list((self.disk / "machines").iterdir()), [])
        return ran.stderr.partition("bdaas: job ")[2]

    def test_the_job_ends_truly_and_the_next_one_runs(self):
        self.assertEqual(self.json("jobs", "list"), [])
        manager = self.home.address()["pid"]
        self.assertIn("No space left on device", self.fill(INTO_ITS_DIRECTORY))
        self.assertIn("could only be written to 0 of the 1", self.fill(
            INTO_HDFS, "--set", "spark.task.maxFailures=1"))
        archive, _ = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT)
        counted = dict(ast.literal_eval(line) for line in archive.output_text().splitlines())
        self.assertEqual(counted, word_counts(TEXT))
        self.assertEqual(self.home.address()["pid"], manager, "the manager has survived")


def begin_in_a_namespace():
    """Does not return where this process may mount; says why where it may not."""
    enter = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "-r"]
    tried = subprocess.run([*enter, "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True,
                           check=False)
    if tried.returncode == 0:
        os.execvp(enter[0], [*enter, sys.executable, *sys.argv, INSIDE])
    return f"no mount namespace here: {tried.stderr.decode().strip()}"


if __name__ == "__main__":
    if sys.argv[-1] == INSIDE:
        sys.argv.pop()
    else:
        FullDisk = unittest.skip(begin_in_a_namespace())(FullDisk)
    cluster_case.main()
