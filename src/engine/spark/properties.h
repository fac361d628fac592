#pragma once
// The spark.* properties of one program run: what the cluster decides, over it the user's, over
// those what nobody but the cluster may say.

#include "engine/writers.h"
#include "model/engine.h"

namespace bdaas {

// Without those of the scheduler (submission.cpp adds them).
Properties spark_properties(const ClusterFacts& cluster, const MemoryPlan& memory,
                            const ProgramFacts& program);

// Those of them that say how much memory and how many cores there are for what.
Properties memory_properties(const MemoryPlan& memory);

// Options of the driver's or an executor's JVM, ours and then the user's, as separate words.
// `hosts` is the path of the host table where that JVM runs.
std::vector<std::string> program_java_options(const ClusterFacts& cluster,
                                              const std::string& hosts);

std::string join_words(const std::vector<std::string>& words);
// Splits as Spark does: blanks separate, single and double quotes hold together.
std::vector<std::string> split_words(std::string_view text);

// "512m", "2g", "1024" (MiB) → MiB.
Result<std::int64_t> parse_memory_mib(std::string_view name, std::string_view text);

// Where Python finds pyspark and py4j.
std::string python_path(const ReleaseFacts& release);

}  // namespace bdaas
