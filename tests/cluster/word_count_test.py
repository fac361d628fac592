#!/usr/bin/env python3
"""The main thread on the real engines: program + data -> archive, on three local workers, and
nothing left behind; and the same on a standalone cluster without Comet."""
import ast

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming, word_counts


class WordCount(ClusterCase):
    def check(self, archive):
        counted = dict(ast.literal_eval(line) for line in archive.output_text().splitlines())
        self.assertEqual(counted, word_counts(TEXT))
        if TEXT == cluster_case.ILIAD:
            self.assertEqual((counted["the"], counted["and"]), (9573, 6481))

    def test_from_program_and_data_to_the_archive(self):
        archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT, "--workers", "3")
        self.assertEqual(ran.stdout, "counted\n")
        self.check(archive)
        self.assertEqual(archive.manifest["versions"]["spark"], "3.5.7")
        java = [c for c in processes_naming(str(self.folder)).values() if "java" in c]
        self.assertEqual(java, [], "the cluster has ended")

    def test_standalone(self):
        archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT, "--workers", "2",
                                        "--master", "standalone", "--no-comet")
        self.assertEqual(ran.stdout, "counted\n")
        self.check(archive)


if __name__ == "__main__":
    cluster_case.main()
