"""Prints where the blocks of the data lie, and holds every executor for some seconds."""
import json
import sys
import threading

from pyspark import SparkContext

sc = SparkContext()
jvm = sc._jvm
path = jvm.org.apache.hadoop.fs.Path(sys.argv[1])
files = path.getFileSystem(sc._jsc.hadoopConfiguration())
hosts = []
for status in files.listStatus(path):
    for block in files.getFileBlockLocations(status, 0, status.getLen()):
        hosts += list(block.getHosts())
print(json.dumps({"blocks": hosts}), flush=True)


def hold(_):
    threading.Event().wait(4)
    return 1


print(sc.parallelize(range(3), 3).map(hold).sum())
