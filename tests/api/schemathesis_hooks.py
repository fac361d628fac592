"""Keeps the check small, and gives it something to find.

A valid request's cluster is one worker of the fake engine; most valid requests name what the check
has made beforehand (BDAAS_KNOWN_IDS, one of each noun)."""
import json
import os

import schemathesis

SMALL = {
    "engine": "fake",
    "provider": "local",
    "release": "bdaas-1",
    "workers": 1,
    "memory_mib": 0,
    "cores": 0,
    "settings": {},
    "idle_timeout_ms": 1000,
    "start_timeout_ms": 60000,
}
METADATA = "kind ZGF0YQ==,name d29yZHMudHh0"  # data, words.txt
KNOWN_IDS = json.loads(os.environ["BDAAS_KNOWN_IDS"])
# Those that end or remove what is named; they get what they made up, or what a link gave them.
DESTRUCTIVE = {"terminate_cluster", "remove_program", "remove_data", "remove_result"}


@schemathesis.serializer("application/offset+octet-stream")
def as_bytes(context, value):
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def known(text):
    """Three of four ids of a kind are replaced by the one that exists."""
    if not isinstance(text, str) or sum(text.encode()) % 4 == 0:
        return text
    return KNOWN_IDS.get(text.split("-")[0], text)


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    if not is_positive(case):
        return
    body = case.body if isinstance(case.body, dict) else {}
    if operation == "create_cluster":
        body.update(SMALL)
    elif operation == "check_cluster":
        body["place"] = SMALL
    elif operation == "create_job":
        body.update({"place": SMALL, "keep": False, "timeout_ms": 5000})
        body.pop("cluster", None)
    elif operation == "add_step":
        body["settings"] = {}
    elif operation == "use_in_place":
        body["path"] = os.path.abspath(__file__)
    elif operation == "create_upload":
        case.headers["Upload-Metadata"] = METADATA
        case.headers.pop("Upload-Checksum", None)
    elif operation == "resize_cluster" and "workers" in body:
        body["workers"] = min(body["workers"], 2)  # each is a process
    if isinstance(body.get("program"), str):
        body["program"] = known(body["program"])
    if isinstance(body.get("data"), list):
        body["data"] = [known(item) for item in body["data"]]
    path = case.path_parameters
    if operation not in DESTRUCTIVE and path and case.meta.phase.name.name != "STATEFUL":
        for name in path:
            path[name] = known(path[name])
