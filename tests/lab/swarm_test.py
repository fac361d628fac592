"""Packages that come to hosts that were lent: a manager that dies in the middle, a host that does,
and hosts that do not reach one another."""
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
import cluster_case  # noqa: E402
import lab_hosts  # noqa: E402
from cluster_case import ClusterCase, wait_for  # noqa: E402


def packages(host, pattern):
    return list(host.root().glob(f"var/tmp/bdaas-*/packages/{pattern}"))


def files_of(package):
    return {str(file.relative_to(package)): (file.stat().st_size, int(file.stat().st_mtime))
            for file in package.rglob("*") if file.is_file()}


class SwarmTest(ClusterCase):
    def setUp(self):
        self.lab = lab_hosts.Lab(3)
        self.addCleanup(self.lab.end)
        for host in self.lab.hosts:
            wait_for(f"sshd of {host.name}", host.answers)

    def tearDown(self):
        if (self.home.home / "manager.json").exists():
            self.bdaas("stop", "--terminate-clusters", code=None)
        (self.home.home / "known_hosts").unlink(missing_ok=True)  # each test has other hosts

    def create(self, workers=2):
        return self.create_cluster("--on", "ssh", "--hosts", self.lab.hosts_file(), "--workers",
                                   workers)

    def await_all(self, hosts):
        """Every package under its name, as it is here, and nothing else."""
        here = pathlib.Path(self.home.env["BDAAS_PACKAGES"])
        for host in hosts:
            wait_for(f"all packages of {host.name}",
                     lambda host=host: packages(host, "[0-9a-f]*")
                     and not packages(host, ".coming-*"), 120)
        kept = [{package.name for package in packages(host, "[0-9a-f]*")} for host in hosts]
        self.assertEqual(kept, [kept[0]] * len(hosts))
        for package in packages(hosts[-1], "[0-9a-f]*"):
            self.assertEqual(files_of(package), files_of(here / package.name))

    def receivers(self, host):
        return [pid for pid in host.pids() if host.command_of(pid).endswith(" receive")]

    def test_a_manager_that_is_killed_goes_on_with_what_came(self):
        self.create()
        wait_for("chunks come", lambda: all(packages(h, ".coming-*") for h in self.lab.hosts))
        os.kill(self.home.address()["pid"], signal.SIGKILL)
        for host in self.lab.hosts:
            wait_for("listening ends", lambda host=host: not self.receivers(host))
            self.assertTrue(packages(host, ".coming-*"), "it came in the middle")
        self.bdaas("clusters", "list")  # another manager
        self.await_all(self.lab.hosts)

    def test_a_host_that_loses_its_power_keeps_nobody_else_waiting(self):
        self.create()
        wait_for("chunks come", lambda: all(packages(h, ".coming-*") for h in self.lab.hosts))
        self.lab.hosts[2].lose_power()
        self.await_all(self.lab.hosts[:2])
        self.lab.hosts[2].boot()  # so that it can be given back

    def test_hosts_that_do_not_reach_one_another_get_all_from_the_manager(self):
        for host in self.lab.hosts:
            for other in self.lab.hosts:
                if other is not host:  # frames to nobody: no answer, no refusal
                    subprocess.run(["nsenter", "--target", str(host.process.pid), "--net", "ip",
                                    "neigh", "replace", other.address, "lladdr",
                                    "02:00:00:00:00:01", "dev", "eth0", "nud", "permanent"],
                                   check=True)
        self.create()
        self.await_all(self.lab.hosts)


if __name__ == "__main__":
    lab_hosts.run(cluster_case.main, lab_hosts.needed())
