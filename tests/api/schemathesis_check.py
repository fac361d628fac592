#!/usr/bin/env python3
"""Checks a real `bdaas serve` against the OpenAPI description it serves, with schemathesis.

A manager with a directory of its own is started; a program, a data set, a cluster of the fake
engine and what belongs to them are made, so that there is something to find; then every check of
schemathesis runs for about --seconds. The seed is fixed, so that the same product gives the same
verdict; another --seed asks other questions. Exit code 0: nothing found; 77: no schemathesis
(tests/requirements.txt) in this Python."""
import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import peer_check  # noqa: E402
from manager import eventually  # noqa: E402


def upload(home, kind, name, content):
    pairs = [f"{key} {base64.b64encode(text.encode()).decode()}"
             for key, text in (("kind", kind), ("name", name))]
    status, headers, said = home.ask("POST", "/v1/uploads", content, {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Upload-Metadata": ",".join(pairs),
        "Content-Type": "application/offset+octet-stream",
    })
    assert status == 201, said
    return headers["Bdaas-Object"], headers["Location"].rsplit("/", 1)[1]


def something_to_find(home):
    """One id of each noun, by its prefix."""
    program, _ = upload(home, "program", "count.py", b"print('hello')\n")
    data, finished = upload(home, "data", "words.txt", b"one two three\n")
    place = {"workers": 1, "engine": "fake"}
    job = home.post("/v1/jobs", {"program": program, "data": [data], "place": place})["id"]
    assert eventually(lambda: "ended_at" in home.get(f"/v1/jobs/{job}")), "the job has not ended"
    result = home.get("/v1/results")["items"][0]["id"]
    cluster = home.post("/v1/clusters", {**place, "name": "kept"})["id"]
    step = home.post(f"/v1/clusters/{cluster}/steps", {"program": program})["id"]
    return {"p": program, "d": data, "up": finished, "j": job, "r": result, "c": cluster, "s": step}


def check(home, options):
    command = [sys.executable, "-m", "schemathesis.cli",
               "--config-file", HERE / "schemathesis.toml", "run",
               f"http://127.0.0.1:{home.address()['port']}/v1/openapi.json",
               "--max-time", str(options.seconds), "--seed", str(options.seed)]
    if options.report:
        command += ["--report", "junit", "--report-junit-path", options.report]
    environment = {**os.environ, "BDAAS_TOKEN": home.token(), "PYTHONPATH": str(HERE),
                   "BDAAS_KNOWN_IDS": json.dumps(something_to_find(home))}
    return subprocess.run(command, env=environment, cwd=home.folder, check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bdaas", type=pathlib.Path, help="the binary")
    parser.add_argument("--seconds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=pathlib.Path, help="JUnit XML")
    options = parser.parse_args()
    if not peer_check.in_python_with("schemathesis"):
        return peer_check.SKIPPED
    return peer_check.against_manager(options.bdaas, lambda home: check(home, options))


if __name__ == "__main__":
    sys.exit(main())
