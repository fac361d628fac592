#pragma once
// Command lines of JVMs, tuned for quick starts on few cores: SerialGC, C1 only, AppCDS when the
// release has an archive.

#include "engine/spark/layout.h"
#include "model/engine.h"

namespace bdaas {

// "dir/*" is expanded by the launcher to the jars in it, in the order of the directory.
std::string hadoop_classpath(const ReleaseFacts& release);
std::string spark_classpath(const ReleaseFacts& release);  // with Comet's jar

std::string java_binary(const ReleaseFacts& release);

// What every JVM of a cluster gets: collector, compiler, names. `hosts` is the path of the host
// table.
std::vector<std::string> common_java_options(const std::string& hosts);

// Nothing when there is no archive.
std::vector<std::string> cds_options(const std::string& archive);

// Java 17 hides what Spark needs; without these options it does not start.
std::vector<std::string> spark_module_options();

// A Hadoop daemon of this node: java … MAIN arguments…
std::vector<std::string> hadoop_command(const ReleaseFacts& release, const NodeLayout& layout,
                                        std::int64_t heap_mib, const std::string& main_class,
                                        const std::vector<std::string>& arguments = {});

// A standalone Spark daemon of this node.
std::vector<std::string> spark_daemon_command(const ReleaseFacts& release, const NodeLayout& layout,
                                              std::int64_t heap_mib, const std::string& main_class,
                                              const std::vector<std::string>& arguments);

}  // namespace bdaas
