"""Says when it has begun, computes for some seconds in thirty tasks, and prints a sum: 1770."""
import threading

from pyspark import SparkContext

sc = SparkContext.getOrCreate()


def slow(item):
    threading.Event().wait(0.25)
    return item


print("begun", flush=True)
print("sum", sc.parallelize(range(60), 30).map(slow).sum(), flush=True)
