#!/usr/bin/env python3
"""A job on a cluster that stands, submit to result, against bin/spark-submit on the same one."""
import os
import subprocess

import lib


def compile_jar(home, spark_home):
    classes, jar = home.folder / "classes", home.folder / "wordcount.jar"
    subprocess.run(["javac", "-cp", f"{spark_home}/jars/*", "-d", classes,
                    lib.PROGRAMS / "WordCount.java"], check=True)
    subprocess.run(["jar", "--create", "--file", jar, "-C", classes, "."], check=True)
    return jar


class Peer:
    """spark-submit as the cluster's own user would run it on the master's machine."""

    def __init__(self, home, cluster):
        about = home.json("clusters", "describe", cluster)
        self.release, memory = about["release"], about["memory"]
        self.master = next(n for n in home.nodes(cluster) if n["role"] == "master")
        conf = self.master["machine"]["dir"] + "/conf"
        self.hosts = f"-Djdk.net.hosts.file={conf}/hosts -Djava.net.preferIPv4Stack=true"
        self.env = dict(os.environ, HADOOP_CONF_DIR=conf, JAVA_HOME=self.release["java_home"],
                        SPARK_HOME=self.release["spark_home"], SPARK_SUBMIT_OPTS=self.hosts,
                        SPARK_LOCAL_IP=self.master["machine"]["address"])
        settings = {
            "spark.executor.instances": memory["executors"],
            "spark.executor.cores": memory["executor_cores"],
            "spark.executor.memory": f"{memory['executor_heap_mib']}m",
            "spark.executor.memoryOverhead": f"{memory['executor_overhead_mib']}m",
            "spark.driver.memory": f"{memory['driver_heap_mib']}m",
            "spark.driver.memoryOverhead": f"{memory['driver_overhead_mib']}m",
            "spark.driver.extraJavaOptions": self.container_hosts(),
            "spark.executor.extraJavaOptions": self.container_hosts(),
            "spark.yarn.jars": f"local:{self.release['spark_home']}/jars/*",
            "spark.yarn.populateHadoopClasspath": "false",
            "spark.pyspark.python": self.release["python"],
            "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
        }
        self.settings = [word for name, value in settings.items()
                         for word in ("--conf", f"{name}={value}")]

    @staticmethod
    def container_hosts():
        return "-Djdk.net.hosts.file={{BDAAS_DIR}}/conf/hosts -Djava.net.preferIPv4Stack=true"

    def java(self, *args):
        words = [self.release["java_home"] + "/bin/java", *self.hosts.split(), "-cp",
                 f"{self.release['hadoop_home']}/*:{self.env['HADOOP_CONF_DIR']}", *map(str, args)]
        return subprocess.run(words, env=self.env, check=True, capture_output=True, text=True)

    def hdfs(self, *args):
        return self.java("org.apache.hadoop.fs.FsShell", *args)

    def submit(self, *args):
        ran = subprocess.run([self.release["spark_home"] + "/bin/spark-submit", "--master", "yarn",
                              "--deploy-mode", "cluster", *self.settings, *map(str, args)],
                             env=self.env, check=False, capture_output=True, text=True)
        if ran.returncode:
            raise RuntimeError(ran.stderr[-3000:])


def bench(binary, rounds):
    with lib.Home(binary) as home:
        cluster = home.create("--workers", "3", "--no-comet")
        peer = Peer(home, cluster)
        jar = compile_jar(home, peer.release["spark_home"])
        peer.hdfs("-mkdir", "-p", "/bench")
        peer.hdfs("-put", lib.TEXT, "/bench/text")
        places = iter(range(1_000_000))

        def ours(program, *args):
            home.run("run", program, *args, "--cluster", cluster, "--output",
                     home.folder / f"{next(places)}.tar.gz", "--", "/bench/text", "{output}")

        def theirs(program, *args):
            out = f"/bench/out{next(places)}"
            peer.submit(*args, program, "/bench/text", out)
            peer.hdfs("-get", out, home.folder / f"got{next(places)}")

        python = lib.PROGRAMS / "wordcount.py"
        main = ("--class", "org.example.WordCount")
        ours(python)
        took = lib.alternate(rounds, jar=lambda: ours(jar, *main),
                             peer_jar=lambda: theirs(jar, *main),
                             python=lambda: ours(python), peer_python=lambda: theirs(python))
        home.terminate(cluster)
    note = "{:.1f} s against {:.1f} s".format
    return [lib.at_most("jar: ratio to spark-submit", took["jar"] / took["peer_jar"], 0.75, "×",
                        note(took["jar"], took["peer_jar"])),
            lib.at_most("Python: ratio to spark-submit", took["python"] / took["peer_python"], 0.8,
                        "×", note(took["python"], took["peer_python"]))]


if __name__ == "__main__":
    lib.main("A job on a cluster that stands",
             "Word count, from submit to the result here; the peer is `bin/spark-submit` in "
             "cluster mode with the same sizes on the same cluster, then `hdfs dfs -get`; both "
             "without Comet; medians.",
             bench)
