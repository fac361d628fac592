"""The HDFS of a cluster, by WebHDFS and its NameNode's counters."""
import getpass
import json
import urllib.request

BLOCK_BYTES = 65536


class Hdfs:
    """WebHDFS and the counters of one cluster's NameNode."""

    def __init__(self, nodes):
        self.addresses = {n["host"]: n["machine"]["address"] for n in nodes}
        master = next(n for n in nodes if n["role"] == "master")
        self.namenode = f"http://{master['machine']['address']}:9870"

    def send(self, method, path, query, content=None):
        url = f"{self.namenode}/webhdfs/v1{path}?noredirect=true&user.name={getpass.getuser()}&"
        asked = urllib.request.Request(url + query, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            place = json.load(answer)["Location"]
        for host, address in self.addresses.items():
            place = place.replace(f"//{host}:", f"//{address}:")
        asked = urllib.request.Request(place, method=method, data=content)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.read()

    def write(self, path, content):
        self.send("PUT", path, f"op=CREATE&blocksize={BLOCK_BYTES}", content)

    def read(self, path):
        return self.send("GET", path, "op=OPEN")

    def bean(self, name):
        url = f"{self.namenode}/jmx?qry=Hadoop:service=NameNode,name={name}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["beans"][0]

    def blocks(self):
        """Of each living DataNode in service, by host."""
        nodes = json.loads(self.bean("NameNodeInfo")["LiveNodes"])
        return {key.partition(":")[0]: node["numBlocks"] for key, node in nodes.items()
                if node["adminState"] == "In Service"}
