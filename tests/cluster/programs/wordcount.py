"""Counts the words of argv[1] into argv[2]."""
import sys

from pyspark import SparkContext

sc = SparkContext()
words = sc.textFile(sys.argv[1]).flatMap(lambda line: line.split(" ")).map(lambda word: (word, 1))
words.reduceByKey(lambda a, b: a + b).saveAsTextFile(sys.argv[2])
print("counted")
