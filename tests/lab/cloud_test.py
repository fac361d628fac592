#!/usr/bin/env python3
"""The machines of the lab's EC2 are what tests take them for: booted by a launch, reached by the
key that the user data brings, gone with their end, and off when they switch themselves off."""
import contextlib
import pathlib
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "api"), str(TESTS / "ec2")]
import peer_check  # noqa: E402

if not peer_check.in_python_with("moto"):
    sys.exit(peer_check.SKIPPED)
import boto3  # noqa: E402
import lab_cloud  # noqa: E402
import lab_hosts  # noqa: E402
from manager import eventually  # noqa: E402

# What src/provider/ec2/user_data.cpp makes, in short.
USER_DATA = """#!/bin/sh
set -eu
hostname {name}
cat >/etc/ssh/ssh_host_ed25519_key <<'END'
{host_key}END
kill -HUP "$(cat /run/sshd.pid)"
cat >/usr/local/sbin/power-off-in <<'END'
#!/bin/sh
setsid sh -c "sleep $(($1 * 60)); poweroff -f" </dev/null >/dev/null 2>&1 &
END
chmod 755 /usr/local/sbin/power-off-in
useradd --create-home --shell /bin/bash hadoop
usermod -p '*' hadoop
echo 'hadoop ALL=(root) NOPASSWD: /usr/local/sbin/power-off-in' >/etc/sudoers.d/lab
chmod 440 /etc/sudoers.d/lab
install -d -m 700 -o hadoop -g hadoop /home/hadoop/.ssh
echo '{login_key}' >/home/hadoop/.ssh/authorized_keys
chown hadoop: /home/hadoop/.ssh/authorized_keys
"""


class CloudTest(unittest.TestCase):
    def setUp(self):
        self.cloud = self.enterContext(contextlib.closing(lab_cloud.Cloud(faster=60)))
        self.key = self.cloud.dir / "login"
        self.public_key = lab_hosts.keygen(self.key).read_text().strip()
        self.host_key = self.cloud.dir / "host"
        self.host_public_key = lab_hosts.keygen(self.host_key).read_text().strip()
        key, secret = self.cloud.moto.user
        self.ec2 = boto3.client("ec2", region_name="eu-west-3", aws_access_key_id=key,
                                aws_secret_access_key=secret,
                                endpoint_url=self.cloud.proxy.endpoint)

    def launch(self):
        data = USER_DATA.format(name="lab-one", host_key=self.host_key.read_text(),
                                login_key=self.public_key)
        return self.ec2.run_instances(
            ImageId="ami-00000000000000001", InstanceType="t3.small", MinCount=1, MaxCount=1,
            InstanceInitiatedShutdownBehavior="terminate", UserData=data)["Instances"][0]

    def host_of(self, instance):
        return eventually(lambda: self.cloud.hosts.get(instance["InstanceId"]), 10)

    def ssh(self, host, *words):
        known = self.cloud.dir / "known"
        known.write_text("".join(f"{a.partition('/')[0]} {self.host_public_key}\n"
                                 for a in host.addresses))
        return [subprocess.run(
            ["ssh", "-F", "none", "-i", self.key, "-o", f"UserKnownHostsFile={known}", "-o",
             "BatchMode=yes", "-o", "ConnectTimeout=3", f"hadoop@{a.partition('/')[0]}", *words],
            capture_output=True, text=True, check=False, timeout=20) for a in host.addresses]

    def test_a_machine_is_reached_by_the_keys_of_its_user_data(self):
        first, second = self.launch(), self.launch()
        host, other = self.host_of(first), self.host_of(second)
        self.assertTrue(host and other, self.cloud.said())
        self.assertEqual(host.address, first["PrivateIpAddress"])
        self.assertTrue(eventually(lambda: all(ran.returncode == 0 for h in (host, other)
                                               for ran in self.ssh(h, "true")), 20),
                        self.cloud.said())
        self.assertEqual([ran.stdout for ran in self.ssh(host, "hostname")], ["lab-one\n"] * 2)
        # They reach one another, and nobody who would tell them who they are.
        self.assertEqual(self.ssh(host, f"echo | timeout 3 bash -c 'head -c4 "
                                  f"</dev/tcp/{other.address}/22'")[0].stdout, "SSH-")
        nobody, = self.ssh(host, "timeout 3 bash -c '</dev/tcp/169.254.169.254/80'")[:1]
        self.assertIn("No route to host", nobody.stderr)
        # sudo is a real one, and gives what the user data allows.
        self.assertNotEqual(self.ssh(host, "sudo -n id")[0].returncode, 0)
        self.ec2.terminate_instances(InstanceIds=[second["InstanceId"]])
        self.assertTrue(eventually(lambda: not other.answers(), 10))
        # A minute of the machine is a second here.
        ran = self.ssh(host, "sudo -n /usr/local/sbin/power-off-in 1")[0]
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.cloud.costing()["instances"], [first["InstanceId"]])
        self.assertTrue(eventually(lambda: not self.cloud.costing(), 10), self.cloud.costing())
        reason = self.ec2.describe_instances(InstanceIds=[first["InstanceId"]])
        self.assertEqual(reason["Reservations"][0]["Instances"][0]["StateReason"]["Code"],
                         "Client.InstanceInitiatedShutdown")

    def test_machines_that_do_not_work_cost_all_the_same(self):
        for kind in ("never_boots", "no_sshd", "dies"):
            self.cloud.proxy.plan.order(kind, seconds=0.5)
            machine = self.launch()["InstanceId"]
            host = None if kind == "never_boots" else self.host_of({"InstanceId": machine})
            if kind == "never_boots":
                eventually(lambda: machine in self.cloud.lost, 10)
                self.assertEqual(self.cloud.living(), [])
            elif kind == "no_sshd":
                self.assertTrue(eventually(lambda: "user data" in host.log(), 10))
                self.assertFalse(host.answers())
            else:
                self.assertTrue(eventually(lambda: machine in self.cloud.lost, 10))
            self.assertEqual(self.cloud.costing()["instances"], [machine])
            self.ec2.terminate_instances(InstanceIds=[machine])
            self.assertTrue(eventually(lambda: not self.cloud.living(), 10))
        self.assertEqual(self.cloud.costing(), {})


if __name__ == "__main__":
    lab_hosts.run(lambda: unittest.main(verbosity=2), lab_cloud.needed())
