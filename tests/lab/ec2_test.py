"""Clusters on rented machines of the lab's EC2: with the real engines, and that nothing that
costs is left, whatever goes wrong."""
import ast
import os
import pathlib
import signal
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "cluster"), str(TESTS / "api"), str(TESTS / "ec2")]
import peer_check  # noqa: E402

if not peer_check.in_python_with("moto"):
    sys.exit(peer_check.SKIPPED)
import cluster_case  # noqa: E402
import lab_cloud  # noqa: E402
import lab_hosts  # noqa: E402
from ec2_views import Behaviour  # noqa: E402
from cluster_case import PROGRAMS, TEXT, ClusterCase, eventually, wait_for  # noqa: E402

TYPE = "m6i.xlarge"
REAPED_S = 150  # until the reaper has found a machine that nobody knows
START_S = 400  # a cluster that does not start is given up after five minutes


class Ec2Test(ClusterCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = lab_cloud.Cloud()
        cls.addClassCleanup(cls.cloud.close)
        super().setUpClass()

    def setUp(self):
        """Each in an account of its own."""
        self.cloud.proxy.plan.clear()
        self.cloud.forget_all()
        self.cloud.faster = 1
        self.cloud.proxy.behaviour = lab_cloud.REAL
        self.env.update((name, value) for name, value in self.cloud.environment().items()
                        if name.startswith("AWS_"))

    def tearDown(self):
        """No machine, no volume; the tests themselves look after the rest, which costs nothing."""
        self.cloud.proxy.off_call()
        self.cloud.proxy.plan.clear()
        for cluster in self.json("clusters", "list"):
            if cluster["status"]["state"] != "Terminated":  # of a test that failed
                self.bdaas("clusters", "terminate", cluster["id"], "--wait", code=None)
        try:
            wait_for("no machine is left", lambda: not self.machines_left(), REAPED_S)
        finally:
            self.bdaas("stop", code=None)
            for machine in self.machines_left():  # it is not to spoil the tests that follow
                self.cloud.proxy.end_machine(machine, "")
            wait_for("all have lost their power", lambda: not self.cloud.living())
        self.assertEqual(self.cloud.proxy.broken + self.cloud.broken, [])

    def machines_left(self):
        return self.cloud.costing().get("instances", [])

    @staticmethod
    def place(workers=2):
        return ("--on", "ec2", "--type", TYPE, "--workers", workers, "--allow-from",
                f"{lab_hosts.MANAGER}/32")

    def create_fake(self, workers=2):
        return self.create_cluster(*self.place(workers), "--engine", "fake")

    def status(self, cluster):
        return self.json("clusters", "describe", cluster)["status"]

    def fake_cluster(self):
        cluster = self.create_fake()
        if not eventually(lambda: self.status(cluster)["state"] == "Running", 120):
            self.fail(f"{self.status(cluster)}\n{self.cloud.said()}")
        return cluster

    def kill_manager(self):
        os.kill(self.home.address()["pid"], signal.SIGKILL)

    def all_gone(self):
        wait_for(f"nothing of {self.cloud.costing()}", lambda: not self.cloud.costing())

    def rented(self):
        """Machines that were rented in all."""
        return {machine for call in self.cloud.proxy.calls if call["action"] == "RunInstances"
                for machine in call.get("ids", ())}

    def test_words_are_counted_on_rented_machines(self):
        before = self.rented()
        archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT,
                                        "--master", "yarn", *self.place())
        self.assertEqual(ran.stdout, "counted\n")
        self.check_word_counts(dict(map(ast.literal_eval, archive.output_text().splitlines())))
        self.assertEqual(len(self.rented() - before), 3)
        self.all_gone()

    def test_a_manager_that_is_killed_in_a_start_leaves_nothing(self):
        # Before EC2 has done what the second rent asks for, and after it. A machine that no list
        # shows when its cluster ends is released by a later list, a minute after it appears.
        for when, behaviour in (("before", Behaviour(running_after=1.0)),
                                ("after", lab_cloud.REAL)):
            with self.subTest(when):
                self.cloud.proxy.behaviour = behaviour
                self.cloud.proxy.on_call(2, when, self.kill_manager, "RunInstances")
                cluster = self.create_fake()
                manager = self.home.address()["pid"]
                wait_for("the manager is dead",
                         lambda: not pathlib.Path(f"/proc/{manager}/fd/0").exists())
                self.bdaas("clusters", "terminate", cluster, "--wait")
                wait_for("no machine is left", lambda: not self.machines_left(), REAPED_S)

    def test_a_manager_that_never_comes_back_leaves_machines_that_end_themselves(self):
        self.cloud.faster = 60
        self.fake_cluster()
        self.kill_manager()
        self.assertEqual(len(self.machines_left()), 3)
        wait_for("they have ended", lambda: not self.machines_left(), 120)
        reasons = {machine.end_reason for machine, _ in self.cloud.proxy.machines()}
        self.assertEqual(reasons, {lab_cloud.SWITCHED_OFF})

    def test_machines_that_do_not_work_are_replaced_or_the_cluster_says_why(self):
        for kind in ("never_boots", "no_sshd"):
            self.cloud.proxy.plan.order(kind)
        cluster = self.create_fake()
        status = wait_for("it runs, or has ended", lambda: next(
            (status for status in [self.status(cluster)]
             if status["state"] in ("Running", "Terminated")), None), START_S)
        if status["state"] == "Terminated":
            self.assertTrue(status.get("message"), status)
        self.bdaas("clusters", "terminate", cluster, "--wait", code=None)
        self.all_gone()

    def test_calls_that_fail_are_made_again(self):
        for kind in ("throttled", "internal", "dropped_after", "slow"):
            self.cloud.proxy.plan.order(kind, "RunInstances")
        self.bdaas("clusters", "terminate", self.fake_cluster(), "--wait")
        self.all_gone()

    def refusal(self, *words, **environment):
        """The one sentence on stderr of what is refused before anything is rented."""
        before = self.rented()
        self.bdaas("stop", "--terminate-clusters", code=None)  # the next one has that environment
        ran = self.bdaas("clusters", "create", *self.place(), *words, "--engine", "fake",
                         code=None, env={**self.env, **environment})
        self.assertNotEqual(ran.returncode, 0, ran.stdout)
        self.assertEqual(len(ran.stderr.strip().splitlines()), 1, ran.stderr)
        self.assertEqual(self.rented(), before)
        self.assertEqual(self.cloud.costing(), {})
        self.bdaas("stop", "--terminate-clusters", code=None)
        return ran.stderr

    def test_what_cannot_work_is_said_before_anything_is_rented(self):
        secret = "a-secret-that-does-not-fit"
        said = self.refusal(AWS_SECRET_ACCESS_KEY=secret)
        self.assertIn("secret access key", said)
        self.assertNotIn(secret, said)
        self.assertIn("credentials", self.refusal(AWS_ACCESS_KEY_ID="AKIANOBODYKNOWSTHIS"))
        self.assertIn("nowhere-1", self.refusal(AWS_REGION="nowhere-1"))
        self.assertIn("z9.enormous", self.refusal("--type", "z9.enormous"))
        self.assertIn("ami-00000000000000000", self.refusal("--image", "ami-00000000000000000"))


if __name__ == "__main__":
    lab_hosts.run(cluster_case.main, lab_cloud.needed())
