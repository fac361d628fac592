#!/usr/bin/env python3
"""Each rule and each fault of the lab's EC2, with a client that others wrote. Exit code 77: no moto
(tests/requirements.txt) in this Python."""
import json
import pathlib
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "api"), str(TESTS / "ec2")]
import peer_check  # noqa: E402

if not peer_check.in_python_with("moto"):
    sys.exit(peer_check.SKIPPED)
import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError, HTTPClientError  # noqa: E402
import ec2_faults  # noqa: E402
import ec2_rules  # noqa: E402
import moto_server  # noqa: E402
from ec2_views import Behaviour  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from manager import eventually  # noqa: E402

PUBLIC_KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5vdGhpbmcgb3BlbnMgdG8gdGhpcyBrZXkgYXQgYWxs "
              "lab")
IMAGE = "ami-00000000000000001"


class Clock:
    """Goes on when it is told to."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


def tearDownModule():
    ProxyCase.moto.close()


class ProxyCase(unittest.TestCase):
    moto = None

    @classmethod
    def setUpClass(cls):
        ProxyCase.moto = cls.moto or moto_server.Moto()

    def proxy_with(self, key=None, region=moto_server.REGION, **behaviour):
        """Sets proxy, clock and ec2, the client."""
        self.clock = Clock()
        self.log = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "log"
        self.proxy = FaultProxy(self.moto, behaviour=Behaviour(**behaviour), log=self.log,
                                now=self.clock)
        self.addCleanup(self.proxy.close)
        self.ec2 = self.client(key or self.moto.user, region)

    def client(self, key, region):
        return boto3.client("ec2", region_name=region, endpoint_url=self.proxy.endpoint,
                            aws_access_key_id=key[0], aws_secret_access_key=key[1],
                            config=Config(retries={"total_max_attempts": 1}))

    def tearDown(self):
        """Nothing of one case is there in the next."""
        self.proxy.plan.clear()
        left = self.proxy.costing()
        ec2 = self.moto.client("ec2", *self.moto.owner)
        if left.get("instances"):
            ec2.terminate_instances(InstanceIds=left["instances"])
        for group in left.get("groups", ()):
            ec2.delete_security_group(GroupName=group)
        for key in left.get("keys", ()):
            ec2.delete_key_pair(KeyName=key)
        self.assertEqual(self.proxy.costing(), {})

    def launch(self, **more):
        """Its id."""
        return self.answer_of_launch(**more)["InstanceId"]

    def answer_of_launch(self, **more):
        wish = {"ImageId": IMAGE, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1,
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [
                    {"Key": "bdaas:lease", "Value": "l-1"}]}]}
        return self.ec2.run_instances(**(wish | more))["Instances"][0]

    def listed(self, **how):
        return {instance["InstanceId"]: instance for reservation in
                self.ec2.describe_instances(**how)["Reservations"]
                for instance in reservation["Instances"]}

    def living(self):
        return self.proxy.costing().get("instances", [])

    def refused(self, code, call, *args, **words):
        with self.assertRaises(ClientError) as caught:
            call(*args, **words)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response

    def raw(self, headers=None, **form):
        """Status and body of a call that nobody signed, or that others sign."""
        body = urllib.parse.urlencode({"Version": "2016-11-15", **form}).encode()
        headers = headers if headers is not None else ec2_rules.signed(
            "POST", self.proxy.endpoint + "/", body, *self.moto.user, moto_server.REGION)
        try:
            with urllib.request.urlopen(urllib.request.Request(
                    self.proxy.endpoint + "/", body, headers), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


class RulesTest(ProxyCase):
    def test_what_is_not_signed_rightly_is_refused(self):
        self.proxy_with()
        self.assertIn("MissingAuthenticationToken", self.raw({}, Action="DescribeVpcs")[1])
        self.assertIn("IncompleteSignature",
                      self.raw({"Authorization": "AWS4"}, Action="DescribeVpcs")[1])
        self.assertEqual(self.raw(Action="DescribeVpcs")[0], 200)
        wrong = self.client((self.moto.user[0], "wrong"), moto_server.REGION)
        self.refused("SignatureDoesNotMatch", wrong.describe_vpcs)
        nobody = self.client(("AKIANOBODY", "wrong"), moto_server.REGION)
        self.refused("AuthFailure", nobody.describe_vpcs)
        elsewhere = self.client(self.moto.user, "us-east-1")
        self.refused("AuthFailure", elsewhere.describe_vpcs)
        self.refused("UnauthorizedOperation", self.ec2.describe_volumes)  # not in docs/ec2.md

    def test_parameters_are_those_of_ec2(self):
        self.proxy_with()
        for code, form in (
                ("InvalidAction", {"Action": "RentInstances"}),
                ("NoSuchVersion", {"Action": "DescribeVpcs", "Version": "2011-01-01"}),
                ("UnknownParameter", {"Action": "DescribeVpcs", "Colour": "red"}),
                ("UnknownParameter", {"Action": "DescribeVpcs", "Filter.1.Names": "x"}),
                ("InvalidParameterValue", {"Action": "DescribeVpcs", "Filter.2.Name": "x"}),
                ("InvalidParameterValue", {"Action": "DescribeVpcs", "DryRun": "yes"}),
                ("MissingParameter", {"Action": "RunInstances", "MaxCount": "1"}),
                ("InvalidParameterValue", {"Action": "DescribeInstances", "MaxResults": "1001"}),
                ("InvalidParameterValue", {"Action": "RunInstances", "ImageId": IMAGE,
                                           "MinCount": "1", "MaxCount": "1", "UserData": "?"}),
                ("InvalidParameterValue", {"Action": "CreateSecurityGroup", "GroupName": "sg-a",
                                           "GroupDescription": "d"})):
            status, body = self.raw(**form)
            self.assertEqual((status, f"<Code>{code}</Code>" in body), (400, True), (form, body))
        self.refused("InvalidParameterValue", self.launch, UserData="x" * 16385)
        self.refused("InvalidParameterValue", self.launch, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "aws:x", "Value": "y"}]}])
        self.assertEqual(self.living(), [])

    def test_a_client_token_stands_for_one_machine(self):
        self.proxy_with()
        first = self.launch(ClientToken="t-1")
        self.assertEqual(self.launch(ClientToken="t-1"), first)
        self.assertEqual(self.living(), [first])
        self.refused("IdempotentParameterMismatch", self.launch, ClientToken="t-1",
                     InstanceType="t3.large")
        self.refused("DryRunOperation", self.launch, ClientToken="t-2", DryRun=True)
        self.ec2.terminate_instances(InstanceIds=[first])
        self.refused("IdempotentInstanceTerminated", self.launch, ClientToken="t-1")
        self.assertNotEqual(self.launch(ClientToken="t-2"), first)

    def test_one_token_at_once_stands_for_one_machine(self):
        self.proxy_with()
        ids = []
        threads = [threading.Thread(target=lambda: ids.append(self.launch(ClientToken="t-3")))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(ids), len(set(ids)), len(self.living())), (4, 1, 1))

    def test_a_machine_is_pending_before_it_runs(self):
        self.proxy_with(running_after=5, ended_after=3)
        instance = self.answer_of_launch()
        self.assertEqual(instance["State"]["Name"], "pending")
        self.assertTrue(instance["PrivateIpAddress"].startswith("172.31."))
        found = self.listed()[instance["InstanceId"]]
        self.assertEqual((found["State"]["Name"], found.get("PublicIpAddress")), ("pending", None))
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        self.assertEqual(self.listed(Filters=running), {})
        self.clock.time += 5
        found = self.listed(Filters=running)[instance["InstanceId"]]
        self.assertEqual(found["State"]["Name"], "running")
        self.assertRegex(found["PublicIpAddress"], r"^\d+\.")
        self.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
        self.assertEqual(self.listed()[instance["InstanceId"]]["State"]["Name"], "shutting-down")
        self.clock.time += 3
        self.assertEqual(self.listed()[instance["InstanceId"]]["State"]["Name"], "terminated")

    def test_lists_lag_behind(self):
        self.proxy_with(listed_after=5, tagged_after=5)
        machine = self.launch()
        by_tag = {"Filters": [{"Name": "tag:bdaas:lease", "Values": ["l-1"]}]}
        self.assertNotIn(machine, self.listed())
        self.refused("InvalidInstanceID.NotFound", self.listed, InstanceIds=[machine])
        self.refused("InvalidInstanceID.NotFound", self.ec2.terminate_instances,
                     InstanceIds=[machine])
        self.clock.time += 5
        self.assertEqual(self.listed()[machine].get("Tags", []), [])
        self.assertNotIn(machine, self.listed(**by_tag))
        self.clock.time += 5
        self.assertEqual(len(self.listed(**by_tag)[machine]["Tags"]), 1)

    def test_groups_and_keys_lag_behind(self):
        self.proxy_with(known_after=5)
        group = self.ec2.create_security_group(GroupName="g-1", Description="d")["GroupId"]
        self.ec2.import_key_pair(KeyName="k-1", PublicKeyMaterial=PUBLIC_KEY)
        names = [g["GroupId"] for g in self.ec2.describe_security_groups()["SecurityGroups"]]
        self.assertNotIn(group, names)
        self.assertEqual(self.ec2.describe_key_pairs()["KeyPairs"], [])
        self.refused("InvalidGroup.NotFound", self.launch, SecurityGroupIds=[group])
        self.refused("InvalidKeyPair.NotFound", self.launch, KeyName="k-1")
        self.refused("InvalidGroup.Duplicate", self.ec2.create_security_group, GroupName="g-1",
                     Description="d")
        self.clock.time += 5
        self.launch(SecurityGroupIds=[group], KeyName="k-1")

    def test_a_group_that_is_used_stays(self):
        self.proxy_with(ended_after=3)
        group = self.ec2.create_security_group(GroupName="g-2", Description="d")["GroupId"]
        machine = self.launch(SecurityGroupIds=[group])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.ec2.terminate_instances(InstanceIds=[machine])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.clock.time += 3
        self.ec2.delete_security_group(GroupId=group)
        self.assertEqual(self.proxy.costing(), {})

    def test_lists_come_in_pages(self):
        self.proxy_with(page_size=2)
        machines = [self.launch() for _ in range(5)]
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        pages = [[i["InstanceId"] for r in page["Reservations"] for i in r["Instances"]]
                 for page in self.ec2.get_paginator("describe_instances").paginate(
                     Filters=alive, PaginationConfig={"PageSize": 1000})]
        self.assertEqual([len(page) for page in pages], [2, 2, 1])
        self.assertEqual(sorted(sum(pages, [])), sorted(machines))
        token = self.ec2.describe_instances(Filters=alive, MaxResults=5)["NextToken"]
        self.refused("InvalidNextToken", self.ec2.describe_instances, NextToken=token)

    def test_what_costs_is_told(self):
        self.proxy_with()
        self.assertEqual(self.proxy.costing(), {})
        machine = self.launch(BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "DeleteOnTermination": True}}])
        self.ec2.create_security_group(GroupName="g-3", Description="d")
        self.ec2.import_key_pair(KeyName="k-3", PublicKeyMaterial=PUBLIC_KEY)
        found = self.proxy.costing()
        self.assertEqual((found["instances"], found["groups"], found["keys"],
                          len(found["volumes"])), ([machine], ["g-3"], ["k-3"], 1))


class FaultsTest(ProxyCase):
    def test_refusals(self):
        self.proxy_with()
        spot = {"InstanceMarketOptions": {"MarketType": "spot"}}
        for kind, code, status, more in (
                ("throttled", "RequestLimitExceeded", 503, {}),
                ("internal", "InternalError", 500, {}),
                ("no_capacity", "InsufficientInstanceCapacity", 500, {}),
                ("instance_limit", "InstanceLimitExceeded", 400, {}),
                ("vcpu_limit", "VcpuLimitExceeded", 400, {}),
                ("spot_limit", "MaxSpotInstanceCountExceeded", 400, spot)):
            self.proxy.plan.order(kind, "RunInstances")
            refused = self.refused(code, self.launch, **more)
            self.assertEqual(refused["ResponseMetadata"]["HTTPStatusCode"], status)
            self.assertEqual(self.proxy.count(fault=kind, code=code), 1)
        self.assertEqual(self.living(), [])
        self.proxy.plan.order("spot_limit")
        self.launch()  # it has no such fault

    def test_an_outcome_that_nobody_is_told(self):
        self.proxy_with()
        self.proxy.plan.order("dropped_before", "RunInstances")
        with self.assertRaises(HTTPClientError):
            self.launch(ClientToken="t-4")
        self.assertEqual(self.living(), [])
        self.proxy.plan.order("dropped_after", "RunInstances")
        with self.assertRaises(HTTPClientError):
            self.launch(ClientToken="t-4")
        machine, = self.living()
        self.assertEqual(self.launch(ClientToken="t-4"), machine)
        self.proxy.plan.order("internal_done", "TerminateInstances")
        self.refused("InternalError", self.ec2.terminate_instances, InstanceIds=[machine])
        self.assertEqual(self.living(), [])

    def test_an_empty_page_is_not_the_end(self):
        self.proxy_with()
        machine = self.launch()
        self.proxy.plan.order("empty_page")
        first = self.ec2.describe_instances(MaxResults=1000)
        self.assertEqual(first["Reservations"], [])
        second = self.listed(MaxResults=1000, NextToken=first["NextToken"])
        self.assertIn(machine, second)

    def test_slow(self):
        self.proxy_with()
        self.proxy.plan.order("slow", seconds=0.3)
        self.ec2.describe_vpcs()
        self.assertGreaterEqual(self.proxy.calls[-1]["seconds"], 0.3)

    def test_machines_that_the_cloud_ends(self):
        self.proxy_with()
        self.proxy.plan.order("ends_at_start")
        machine = self.launch()
        self.assertIn("InsufficientInstanceCapacity", self.listed()[machine]["StateReason"]["Code"])
        self.proxy.plan.order("interrupted", seconds=0.05)
        spot = self.launch(InstanceMarketOptions={"MarketType": "spot"})
        self.assertTrue(eventually(lambda: not self.living(), 5))
        self.assertEqual(self.listed()[spot]["StateReason"]["Code"],
                         "Server.SpotInstanceTermination")

    def test_faults_of_machines_are_handed_on(self):
        self.proxy_with()
        for kind in ec2_faults.MACHINE_FAULTS:
            self.proxy.plan.order(kind)
            machine = self.launch()
            found = next(m for m, _ in self.proxy.machines() if m.id == machine)
            self.assertEqual(found.fault.kind, kind)

    def test_dice_fall_the_same_way_again(self):
        def faults(seed):
            dice = ec2_faults.Dice(seed, 0.3)
            form = {"Action": "RunInstances"}
            return [dice.fault("RunInstances", form) for _ in range(300)]
        self.proxy_with()
        self.assertEqual(faults(1), faults(1))
        self.assertNotEqual(faults(1), faults(2))
        seen = {fault.kind for fault in faults(1) if fault}
        self.assertEqual(seen, set(ec2_faults.KINDS) - {"empty_page", "spot_limit"})
        self.proxy.plan.throw(ec2_faults.Dice(1, 1.0, ["throttled"]))
        self.refused("RequestLimitExceeded", self.ec2.describe_vpcs)

    def test_a_call_can_set_something_off(self):
        self.proxy_with()
        done = []
        self.proxy.on_call(2, "before", lambda: done.append(self.living()))
        self.ec2.describe_vpcs()
        with self.assertRaises(HTTPClientError):
            self.launch(ClientToken="t-5")
        self.assertEqual((done, self.living()), ([[]], []))
        self.proxy.on_call(1, "after", lambda: done.append(self.living()))
        with self.assertRaises(HTTPClientError):
            self.launch(ClientToken="t-5")
        self.assertEqual(len(done[1]), 1)
        self.proxy.on_call(2, "before", lambda: done.append("by action"), "DescribeVpcs")
        self.ec2.describe_vpcs()
        self.ec2.describe_subnets()
        self.assertEqual(len(done), 2)
        self.assertTrue(self.proxy.off_call())
        self.ec2.describe_vpcs()
        self.assertEqual((len(done), self.proxy.off_call()), (2, False))

    def test_the_log_tells_every_call(self):
        self.proxy_with()
        self.proxy.plan.order("throttled", "RunInstances")
        self.refused("RequestLimitExceeded", self.launch, ClientToken="t-6")
        machine = self.launch(ClientToken="t-6")
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertEqual([(line["action"], line["token"], line["fault"], line["status"])
                          for line in lines], [("RunInstances", "t-6", "throttled", 503),
                                               ("RunInstances", "t-6", "", 200)])
        self.assertEqual((lines[0]["code"], lines[1]["ids"]), ("RequestLimitExceeded", [machine]))
        self.assertGreater(lines[1]["time"], 1e9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
