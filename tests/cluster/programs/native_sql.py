"""Aggregates, joins, sorts and windows over a table; its rows go to argv[1], and what executes
them is printed."""
import re
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table = sys.argv[1] + "/table"
spark.range(0, 200_000, 1, 4).selectExpr(
    "id", "id % 97 as k", "cast(id * 7 % 1000 as decimal(12, 2)) as amount",
    "concat('name ', id % 13) as name",
    "date_add(date'2020-01-01', cast(id % 400 as int)) as day",
    "if(id % 11 = 0, null, id * 0.5D) as half").write.parquet(table)
facts = spark.read.parquet(table)
facts.createOrReplaceTempView("facts")
query = """
select f.k, f.name, count(*) as n, sum(f.amount) as total, min(f.day) as first, avg(f.half) as half,
       count(distinct f.day) as days
from facts f join (select k, max(amount) as top from facts group by k) m
  on f.k = m.k and f.amount < m.top
where f.day > date'2020-02-01' and f.name like 'name 1%'
group by f.k, f.name order by total desc, f.k, f.name"""
answer = spark.sql(query)
for row in answer.collect():
    print("row", *row)
plan = answer._jdf.queryExecution().executedPlan().toString()
operators = sorted(set(re.findall(r"\bComet\w+", plan)))
print("executed by", "Comet" if operators else "Spark", *operators)
