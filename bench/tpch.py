#!/usr/bin/env python3
"""The 22 queries of TPC-H on Parquet in HDFS, with Comet and without: times, and equal answers.

BDAAS_TPCH_SCALE: another scale factor than 2. BDAAS_TPCH_SETTINGS: settings of both halves, with
blanks between them, so that one can be tried."""
import json
import os
import statistics
import subprocess
import sys

import lib

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
PROGRAM = """
import decimal, json, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
for table in {tables!r}:
    files = spark.read.option("recursiveFileLookup", "true").option(
        "pathGlobFilter", table + ".parquet")
    files.parquet(sys.argv[1]).createOrReplaceTempView(table)

def plain(value):
    if isinstance(value, float): return "%.9g" % value
    if isinstance(value, decimal.Decimal): return str(value.normalize())
    return str(value)

for number, query in enumerate(json.loads({queries!r}), 1):
    begin = time.monotonic()
    rows = spark.sql(query).collect()
    seconds = time.monotonic() - begin
    print(json.dumps(dict(query=number, seconds=seconds,
                          rows=sorted([plain(v) for v in row] for row in rows))), flush=True)
"""


def python():
    """A Python with requirements.txt, made once."""
    place = lib.ROOT / "build" / "bench-python"
    if not (place / "bin" / "tpchgen-cli").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", "-r",
                        lib.ROOT / "bench" / "requirements.txt"], check=True)
    return place


def queries(place):
    code = ("import duckdb, json, pathlib, duckdb_extension_tpch as t\n"
            "e = next(pathlib.Path(t.__file__).parent.rglob('tpch.duckdb_extension'))\n"
            "c = duckdb.connect(config={'allow_unsigned_extensions': True})\n"
            "c.execute(f\"load '{e}'\")\n"
            "print(json.dumps([q for _, q in sorted(c.execute("
            "'select query_nr, query from tpch_queries()').fetchall())]))")
    ran = subprocess.run([place / "bin" / "python", "-c", code], check=True, capture_output=True,
                         text=True)
    return [query.rstrip().rstrip(";") for query in json.loads(ran.stdout)]


def generate(place, folder, scale):
    data = folder / "tpch"
    subprocess.run([place / "bin" / "tpchgen-cli", "parquet", "-s", f"{scale:g}", "--output-dir",
                    data], check=True, capture_output=True)
    return data


def bench(binary, rounds):
    scale = float(os.environ.get("BDAAS_TPCH_SCALE", "2"))
    tried = [word for setting in os.environ.get("BDAAS_TPCH_SETTINGS", "").split()
             for word in ("--set", setting)]
    times, answers = {"with": [], "without": []}, {}
    with lib.Home(binary) as home:
        place = python()
        data = home.json("data", "put", generate(place, home.folder, scale))
        identity = (data[0] if isinstance(data, list) else data)["id"]
        program = home.folder / "tpch.py"
        program.write_text(PROGRAM.format(tables=TABLES, queries=json.dumps(queries(place))))
        for number in range(rounds):
            halves = (("with", ()), ("without", ("--no-comet",)))
            for name, switch in halves if number % 2 == 0 else reversed(halves):
                ran = home.run("run", program, "--data", identity, "--workers", "2", *switch,
                               *tried, "--output", home.folder / "out.tar.gz", "--", "{input:1}",
                               timeout=3600)
                rows = [json.loads(line) for line in ran.stdout.splitlines()]
                times[name].append({row["query"]: row["seconds"] for row in rows})
                answers[name] = {row["query"]: row["rows"] for row in rows}
    median = {name: {q: statistics.median(run[q] for run in runs) for q in runs[0]}
              for name, runs in times.items()}
    total = {name: sum(of.values()) for name, of in median.items()}
    differ = [q for q in answers["with"] if answers["with"][q] != answers["without"][q]]
    slower = [q for q in median["with"] if median["with"][q] > median["without"][q]]
    ratio = total["without"] / total["with"]
    return [lib.at_least("sum of 22 queries: times faster with Comet", ratio, 1.7, "×",
                         f"{total['with']:.1f} s against {total['without']:.1f} s, both with as "
                         f"many partitions; slower with it: {slower or 'none'}; a further goal of "
                         f"2.5 is {'' if ratio >= 2.5 else 'not '}reached"),
            lib.at_most("queries whose answers differ", len(differ), 0, "", str(differ or ""))]


if __name__ == "__main__":
    lib.main("TPC-H with Comet",
             "Scale factor 2 unless BDAAS_TPCH_SCALE says otherwise, Parquet in HDFS, two workers, "
             "each half of one run on a cluster of its own.", bench, 1)
