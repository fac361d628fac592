#include "engine/spark/java.h"

#include <fmt/core.h>

namespace bdaas {
namespace {

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

std::string hadoop_classpath(const ReleaseFacts& release) { return release.hadoop_home + "/*"; }

std::string spark_classpath(const ReleaseFacts& release) {
  std::string path = release.spark_home + "/jars/*";
  if (!release.comet_jar.empty()) path += ":" + release.comet_jar;
  return path;
}

std::string java_binary(const ReleaseFacts& release) { return release.java_home + "/bin/java"; }

std::vector<std::string> common_java_options(const std::string& hosts) {
  return {
      "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
      "-Djava.net.preferIPv4Stack=true", "-Djdk.net.hosts.file=" + hosts,
      // The table grows while the JVM runs: names that were unknown or moved are looked up again.
      "-Dsun.net.inetaddr.ttl=5", "-Dsun.net.inetaddr.negative.ttl=0"};
}

std::vector<std::string> cds_options(const std::string& archive) {
  if (archive.empty()) return {};
  // Mapped where it was made for: relocated, as 17 does by itself, its pages would be no longer
  // shared by the JVMs.
  return {"-XX:SharedArchiveFile=" + archive, "-Xshare:auto", "-Xlog:cds=off",
          "-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"};
}

std::vector<std::string> spark_module_options() {
  std::vector<std::string> options;
  for (const char* package :
       {"java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio",
        "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref",
        "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"}) {
    options.push_back(fmt::format("--add-opens=java.base/{}=ALL-UNNAMED", package));
  }
  options.push_back("--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED");
  options.push_back("-Djdk.reflect.useDirectMethodHandle=false");
  options.push_back("-XX:+IgnoreUnrecognizedVMOptions");
  return options;
}

std::vector<std::string> hadoop_command(const ReleaseFacts& release, const NodeLayout& layout,
                                        std::int64_t heap_mib, const std::string& main_class,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {java_binary(release), fmt::format("-Xmx{}m", heap_mib),
                                   "-Xss512k"};
  append(argv, common_java_options(layout.hosts()));
  append(argv, cds_options(release.hadoop_cds));
  argv.push_back("-Djava.io.tmpdir=" + layout.tmp());
  argv.push_back("-Dhadoop.log.dir=" + layout.dir + "/log");
  argv.push_back("-Dlog4j.configuration=file:" + layout.conf("log4j.properties"));
  argv.push_back("-XX:+ExitOnOutOfMemoryError");
  argv.push_back("-cp");
  argv.push_back(hadoop_classpath(release) + ":" +
                 layout.conf());  // the archive wants the jars first
  argv.push_back(main_class);
  append(argv, arguments);
  return argv;
}

std::vector<std::string> spark_daemon_command(const ReleaseFacts& release, const NodeLayout& layout,
                                              std::int64_t heap_mib, const std::string& main_class,
                                              const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {java_binary(release), fmt::format("-Xmx{}m", heap_mib)};
  append(argv, common_java_options(layout.hosts()));
  append(argv, cds_options(release.spark_cds));
  append(argv, spark_module_options());
  argv.push_back("-Djava.io.tmpdir=" + layout.tmp());
  argv.push_back("-cp");
  argv.push_back(spark_classpath(release) + ":" + layout.conf());
  argv.push_back(main_class);
  append(argv, arguments);
  return argv;
}

}  // namespace bdaas
