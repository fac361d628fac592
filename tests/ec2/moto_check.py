#!/usr/bin/env python3
"""The provider `ec2` against a cloud that others wrote: moto, with its signature checks on.

Starts a moto server, makes a user with a key and the rights of docs/ec2.md, and runs the C++ tests
with its address and that key in their environment. Exit code 77: no moto (tests/requirements.txt)
in this Python."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "api"))
import peer_check  # noqa: E402

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


def policy():
    """The one that users are told."""
    text = (HERE.parent.parent / "docs" / "ec2.md").read_text(encoding="utf-8")
    return text.split("```json\n")[1].split("```")[0]


def user_with_key(endpoint):
    import boto3
    iam = boto3.client("iam", region_name=REGION, endpoint_url=endpoint,
                       aws_access_key_id="first", aws_secret_access_key="first")
    iam.create_user(UserName="bdaas")
    iam.put_user_policy(UserName="bdaas", PolicyName="bdaas", PolicyDocument=policy())
    key = iam.create_access_key(UserName="bdaas")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def environment(endpoint, key, secret, home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"HOME": home, "AWS_ENDPOINT_URL_EC2": endpoint, "AWS_REGION": REGION,
                   "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                   "AWS_EC2_METADATA_DISABLED": "true"}


def check(endpoint, binary, home):
    key, secret = user_with_key(endpoint)
    # From now on nothing is answered without a right signature, of a user who may.
    urllib.request.urlopen(urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth", data=b"0",
        headers={"Content-Type": "text/plain"}), timeout=30).close()
    return subprocess.run([binary, "--gtest_filter=Ec2Peer.*:*/ProviderContract.*/ec2"],
                          env=environment(endpoint, key, secret, home)).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=pathlib.Path, help="ec2_peer_test")
    options = parser.parse_args()
    if not peer_check.in_python_with("moto"):
        return peer_check.SKIPPED
    with tempfile.TemporaryDirectory() as home:
        images = pathlib.Path(home) / "images.json"
        images.write_text(json.dumps(IMAGES))
        settings = {"MOTO_AMIS_PATH": str(images), "MOTO_ENABLE_AMI_VALIDATION": "true",
                    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
                    "MOTO_ENABLE_KEYPAIR_VALIDATION": "true"}
        log = pathlib.Path(home) / "moto.log"
        with log.open("w") as out, subprocess.Popen(
                [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=out, text=True, env=os.environ | settings) as server:
            try:
                port = server.stdout.readline().strip()
                fine = port != "" and check(f"http://127.0.0.1:{port}", options.binary, home)
            finally:
                server.stdin.close()
                server.wait(30)
        if not fine:
            print(log.read_text()[-4000:])
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
