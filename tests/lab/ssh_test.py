"""Clusters on hosts that were lent, behind real sshds: with the real engines, and what must not
happen there."""
import ast
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
import cluster_case  # noqa: E402
import lab_hosts  # noqa: E402
from cluster_case import PROGRAMS, TEXT, ClusterCase, wait_for  # noqa: E402


class SshTest(ClusterCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_hosts.Lab(3)
        cls.addClassCleanup(cls.lab.end)
        super().setUpClass()
        for host in cls.lab.hosts:
            wait_for(f"sshd of {host.name}", host.answers)

    def tearDown(self):
        """Nothing of ours runs on the hosts or lies there but what makes the next start fast, and
        none was switched off."""
        if (self.home.home / "manager.json").exists():
            self.bdaas("stop", "--terminate-clusters", code=None)  # of a test that failed
        wait_for("the loans are struck out", lambda: not list(self.home.home.glob("loans/*")))
        for host in self.lab.hosts:
            left = [words for words in host.processes() if "sshd" not in words]
            self.assertEqual(left, [], host.name)
            self.assertFalse((host.root() / "must-not-happen").exists())
            self.assertEqual(list(host.root().glob("var/tmp/bdaas-*/machines/*")), [], host.name)

    def place(self, **more):
        return "--on", "ssh", "--hosts", self.lab.hosts_file(**more), "--workers", 2

    def fake_cluster(self):
        cluster = self.create_cluster(*self.place(), "--engine", "fake")
        wait_for("it runs", lambda: self.running_cluster())
        return cluster

    def refusal(self, *words):
        """The one sentence on stderr of a cluster that is refused before anything is borrowed."""
        ran = self.bdaas("clusters", "create", *words, "--engine", "fake", code=None)
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(list(self.home.home.glob("loans/*")), [])
        return ran.stderr

    def test_words_are_counted_on_lent_hosts_again_and_again(self):
        for master in ("yarn", "standalone"):  # at once: the ports of the first have just ended
            archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT,
                                            "--master", master, *self.place())
            self.assertEqual(ran.stdout, "counted\n")
            self.check_word_counts(dict(map(ast.literal_eval, archive.output_text().splitlines())))

    def test_a_killed_manager_gives_back_what_it_had_borrowed(self):
        cluster = self.fake_cluster()
        for host in self.lab.hosts:
            self.assertTrue([w for w in host.processes() if "bdaas-agent" in w], host.name)
        os.kill(self.home.address()["pid"], signal.SIGKILL)
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_an_agent_that_was_killed_is_started_again(self):
        cluster = self.fake_cluster()
        worker = self.lab.hosts[1]
        agents = [pid for pid in worker.pids() if " run --dir " in worker.command_of(pid)]
        self.assertEqual(len(agents), 1)
        os.kill(agents[0], signal.SIGKILL)
        wait_for("another agent", lambda: [w for w in worker.processes() if " run --dir " in w])
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_a_host_that_shows_another_key_is_refused(self):
        self.bdaas("clusters", "terminate", self.fake_cluster(), "--wait")
        self.bdaas("stop")
        known = self.home.home / "known_hosts"
        kept = known.read_text()
        other = lab_hosts.keygen(self.lab.dir / "other").read_text().split()[1]
        lines = [line.split() for line in kept.splitlines()]
        self.assertEqual(len(lines), 3)
        lines[2][2] = other
        known.write_text("".join(" ".join(line) + "\n" for line in lines))
        said = self.refusal(*self.place())
        self.assertIn("known_hosts", said)
        self.assertIn("SHA256:", said)
        self.bdaas("stop")
        known.write_text(kept)

    def test_what_cannot_work_is_said_before_anything_is_borrowed(self):
        self.assertIn("need 4 hosts, and 3 are named",
                      self.refusal("--on", "ssh", "--hosts", self.lab.hosts_file(), "--workers", 3))
        self.assertIn("--hosts FILE", self.refusal("--on", "ssh"))
        stranger = lab_hosts.keygen(self.lab.dir / "stranger").with_suffix("")
        self.assertIn("publickey", self.refusal(*self.place(key=stranger)))
        self.assertIn("cannot be used", self.refusal(*self.place(port=23)))
        self.assertIn("/proc", self.refusal(*self.place(dir="/proc/nowhere")))


if __name__ == "__main__":
    missing = lab_hosts.needed()
    if missing:
        print(f"skipped: the lab needs {missing}")
        sys.exit(cluster_case.SKIPPED)
    lab_hosts.enter()
    cluster_case.main()
