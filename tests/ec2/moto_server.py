"""A cloud that others wrote: moto in a process of its own, with its signature checks on, and a user
in it who may what docs/ec2.md tells to allow, and nothing more."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
REGION = "eu-west-3"
# Said by the server once it listens.
SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""
# As Debian's images look; newest by its date.
IMAGES = [
    {"ami_id": f"ami-0000000000000000{number}", "name": f"debian-12-amd64-2025010{number}-1984",
     "architecture": "x86_64", "owner_id": "136693071363", "description": "Debian 12",
     "image_location": "amazon/debian", "image_type": "machine", "platform": None,
     "public": True, "root_device_name": "/dev/xvda", "root_device_type": "ebs",
     "sriov": "simple", "state": "available", "virtualization_type": "hvm", "hypervisor": "xen",
     "creation_date": f"2025-01-0{number}T00:00:00.000Z"} for number in (1, 2)]
OWNER = {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Resource": "*", "Action": "ec2:*"}]}


def policy():
    """The one that users are told."""
    text = (DOCS / "ec2.md").read_text(encoding="utf-8")
    return text.split("```json\n")[1].split("```")[0]


class Moto:
    """endpoint; user and owner: pairs of access key and secret. The owner may do all with EC2."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bdaas-moto-")
        images = pathlib.Path(self.folder.name) / "images.json"
        images.write_text(json.dumps(IMAGES))
        settings = {"MOTO_AMIS_PATH": str(images), "MOTO_ENABLE_AMI_VALIDATION": "true",
                    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
                    "MOTO_ENABLE_KEYPAIR_VALIDATION": "true"}
        self.log_file = pathlib.Path(self.folder.name) / "moto.log"
        with self.log_file.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=out, text=True, env=os.environ | settings)
        port = self.process.stdout.readline().strip()
        if not port:
            raise AssertionError(f"moto does not start: {self.log()}")
        self.endpoint = f"http://127.0.0.1:{port}"
        self.make_users()

    def make_users(self):
        self.user = self.user_with_key("bdaas", policy())
        self.owner = self.user_with_key("owner", json.dumps(OWNER))
        # From now on nothing is answered without a right signature, of a user who may.
        self.post("reset-auth", b"0")

    def post(self, what, body=b""):
        urllib.request.urlopen(urllib.request.Request(
            f"{self.endpoint}/moto-api/{what}", data=body,
            headers={"Content-Type": "text/plain"}), timeout=30).close()

    def forget_all(self):
        """An account without anything in it, and with other keys."""
        self.post("reset-auth", b"inf")
        self.post("reset")
        self.make_users()

    def client(self, service, key, secret):
        import boto3
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint,
                            aws_access_key_id=key, aws_secret_access_key=secret)

    def user_with_key(self, name, allowed):
        iam = self.client("iam", "first", "first")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=allowed)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def log(self):
        return self.log_file.read_text(errors="replace")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
        self.folder.cleanup()


def environment(endpoint, key, secret, **more):
    """This process's, with an account in it, and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_ENDPOINT_URL_EC2": endpoint, "AWS_REGION": REGION,
                   "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                   "AWS_EC2_METADATA_DISABLED": "true"} | more
