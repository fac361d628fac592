#!/usr/bin/env python3
"""The provider `ec2` against a cloud that others wrote: moto, with its signature checks on, bare
and behind the stricter proxy of the lab.

Makes a user with a key and the rights of docs/ec2.md, and runs the C++ tests with the address and
that key in their environment. Exit code 77: no moto (tests/requirements.txt) in this Python."""
import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / "api"))
sys.path.insert(0, str(HERE.parent / "lab"))
import peer_check  # noqa: E402


FILTER = "Ec2Peer.*:*/ProviderContract.*/ec2"


def run(endpoint, key, *words, **how):
    import moto_server
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(words, env=moto_server.environment(endpoint, *key, HOME=home),
                              check=False, **how)


def check(endpoint, key, binary, chosen=FILTER):
    return run(endpoint, key, binary, f"--gtest_filter={chosen}").returncode == 0


def names_of(binary, endpoint, key):
    """Of the tests, one by one; without an endpoint there are fewer."""
    ran = run(endpoint, key, binary, "--gtest_list_tests", f"--gtest_filter={FILTER}",
              stdout=subprocess.PIPE, text=True)
    names, suite = [], ""
    for line in ran.stdout.splitlines():
        if line.startswith("  "):
            names.append(suite + line.split()[0])
        elif re.match(r"[\w/]+\.", line):
            suite = line.split()[0]
    assert len(names) > 10, ran.stdout
    return names


def check_strictly(moto, binary):
    """Each test with an account of its own: they use the same tokens, which EC2 would remember."""
    import fault_proxy
    fine, slower = True, fault_proxy.Behaviour(running_after=0.1, page_size=2)
    with contextlib.closing(fault_proxy.FaultProxy(moto, behaviour=slower)) as proxy:
        for name in names_of(binary, proxy.endpoint, moto.user):
            proxy.forget_all()
            fine = check(proxy.endpoint, moto.user, binary, name) and fine
    return fine


def check_both(binary):
    import moto_server
    with contextlib.closing(moto_server.Moto()) as moto:
        fine = check(moto.endpoint, moto.user, binary)
        fine = check_strictly(moto, binary) and fine
        if not fine:
            print(moto.log()[-4000:])
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=pathlib.Path, help="ec2_peer_test")
    options = parser.parse_args()
    if not peer_check.in_python_with("moto"):
        return peer_check.SKIPPED
    return 0 if check_both(options.binary) else 1


if __name__ == "__main__":
    sys.exit(main())
