#!/usr/bin/env python3
"""The main thread on the real engines: program + data -> archive, on three local workers, and
nothing left behind; and the same on a standalone cluster without Comet, which then runs another
program."""
import ast
import pathlib
import shlex
import subprocess

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming


class WordCount(ClusterCase):
    def check(self, archive):
        self.check_word_counts(dict(map(ast.literal_eval, archive.output_text().splitlines())))

    def test_from_program_and_data_to_the_archive(self):
        # The smallest machine of docs/memory.md's table.
        archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT, "--workers", "3",
                                        "--memory", "6g", "--cores", "2")
        self.assertEqual(ran.stdout, "counted\n")
        self.check(archive)
        self.assertEqual(shlex.split(archive.manifest["command"]), ran.args)
        self.assertEqual(archive.manifest["versions"]["spark"], "3.5.7")
        java = [c for c in processes_naming(str(self.folder)).values() if "java" in c]
        self.assertEqual(java, [], "the cluster has ended")

    def test_the_agent_needs_no_library_of_its_machine(self):
        agent = pathlib.Path(cluster_case.BINARY).with_name("bdaas-agent")
        headers = subprocess.run(["readelf", "--program-headers", "--wide", agent], check=True,
                                 capture_output=True, text=True).stdout
        self.assertIn("LOAD", headers)
        for word in ("INTERP", "DYNAMIC"):
            self.assertNotIn(word, headers)

    def test_standalone_and_kept_for_later_jobs(self):
        archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT, "--workers", "2",
                                        "--master", "standalone", "--no-comet", "--keep")
        self.assertEqual(ran.stdout, "counted\n")
        self.check(archive)
        cluster = self.running_cluster()["id"]
        self.look_around(cluster)
        self.bdaas("clusters", "terminate", cluster, "--wait")


if __name__ == "__main__":
    cluster_case.main()
