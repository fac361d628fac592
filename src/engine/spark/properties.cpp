#include "engine/spark/properties.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "engine/spark/java.h"
#include "engine/spark/submission.h"

namespace bdaas {
namespace {

std::string mib(std::int64_t amount) { return fmt::format("{}m", amount); }

// Nodes on loopback share one machine: no place is nearer to the data than another.
bool is_one_machine(const ClusterFacts& cluster) {
  return !cluster.nodes.empty() && cluster.nodes.front().address.starts_with("127.");
}

// Each partition of a shuffle costs something, and with Comet a native plan, however little is in
// it: so many as the data needs, with more than one for each core in turn.
constexpr std::int64_t kPartitionBytes = 32 << 20;
constexpr std::int64_t kPartitionsPerCore = 8;
constexpr std::int64_t kPartitionsOfSpark = 200;  // its default, which stays for large data

std::int64_t shuffle_partitions(const MemoryPlan& memory, std::int64_t input_bytes) {
  const auto for_data = (input_bytes + kPartitionBytes - 1) / kPartitionBytes;
  const auto for_cores = kPartitionsPerCore * memory.executors * memory.executor_cores;
  return std::min(std::max(for_data, for_cores), kPartitionsOfSpark);
}

void add_comet(Properties& p) {
  p["spark.plugins"] = "org.apache.spark.CometPlugin";
  p["spark.shuffle.manager"] = "org.apache.spark.sql.comet.execution.shuffle.CometShuffleManager";
  p["spark.comet.enabled"] = "true";
  p["spark.comet.exec.enabled"] = "true";
  p["spark.comet.exec.shuffle.enabled"] = "true";
  p["spark.comet.exec.shuffle.mode"] = "auto";
  p["spark.comet.exec.replaceSortMergeJoin"] = "true";
}

}  // namespace

Properties memory_properties(const MemoryPlan& memory) {
  Properties p;
  p["spark.driver.memory"] = mib(memory.driver_heap_mib);
  p["spark.driver.memoryOverhead"] = mib(memory.driver_overhead_mib);
  p["spark.executor.memory"] = mib(memory.executor_heap_mib);
  p["spark.executor.memoryOverhead"] = mib(memory.executor_overhead_mib);
  p["spark.executor.instances"] = std::to_string(memory.executors);
  p["spark.executor.cores"] = std::to_string(memory.executor_cores);
  if (memory.executor_off_heap_mib > 0) {
    p["spark.memory.offHeap.enabled"] = "true";
    p["spark.memory.offHeap.size"] = mib(memory.executor_off_heap_mib);
  }
  return p;
}

Properties spark_properties(const ClusterFacts& cluster, const MemoryPlan& memory,
                            const ProgramFacts& program) {
  Properties p = {
      {"spark.app.name", program.name},
      {"spark.pyspark.python", cluster.release.python},
      {"spark.pyspark.driver.python", cluster.release.python},
      {"spark.executorEnv.PYTHONPATH", python_path(cluster.release)},
      {"spark.executorEnv.PYTHONHASHSEED", "0"},
      {"spark.sql.warehouse.dir", hdfs_url(cluster, "/bdaas/warehouse")},
      {"spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version", "2"},
      // {input} has directories below it.
      {"spark.hadoop.mapreduce.input.fileinputformat.input.dir.recursive", "true"},
      // In HDFS, so that the manager can copy it while the program runs: it outlives the driver's
      // node.
      {"spark.eventLog.enabled", "true"},
      {"spark.eventLog.dir", hdfs_url(cluster, kEventLogDir)},
      {"spark.eventLog.compress", "false"},
      // The number of workers is meant: tasks wait for all of them, though not for ever.
      {"spark.scheduler.minRegisteredResourcesRatio", "1.0"},
      {"spark.scheduler.maxRegisteredResourcesWaitingTime", "20s"},
      {"spark.ui.showConsoleProgress", "false"}};
  if (is_one_machine(cluster)) p["spark.locality.wait"] = "0s";
  p.merge(memory_properties(memory));
  if (program.input_bytes > 0) {
    p["spark.sql.shuffle.partitions"] =
        std::to_string(shuffle_partitions(memory, program.input_bytes));
  }
  if (cluster.spec.comet && !cluster.release.comet_jar.empty()) add_comet(p);
  for (const auto* settings : {&cluster.spec.settings, &program.settings}) {
    for (const auto& [name, value] : *settings) p[name] = value;
  }
  return p;
}

std::vector<std::string> program_java_options(const ClusterFacts& cluster,
                                              const std::string& hosts) {
  std::vector<std::string> options = common_java_options(hosts);
  for (const auto& more : {cds_options(cluster.release.spark_cds), spark_module_options()}) {
    options.insert(options.end(), more.begin(), more.end());
  }
  if (cluster.spec.comet && !cluster.release.comet_native.empty()) {
    options.push_back("-Djava.library.path=" + cluster.release.comet_native);
  }
  return options;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += text.empty() ? word : " " + word;
  return text;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(word);
  return words;
}

Result<std::int64_t> parse_memory_mib(std::string_view name, std::string_view text) {
  std::int64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  std::string_view unit(end, text.data() + text.size() - end);
  if (unit.size() == 2 && (unit[1] == 'b' || unit[1] == 'B')) unit.remove_suffix(1);
  const char u = unit.size() == 1 ? static_cast<char>(unit[0] | 0x20) : 'm';
  constexpr std::int64_t kMost = 1ll << 40;
  if (error == std::errc{} && amount >= 0 && amount < kMost && unit.size() <= 1) {
    if (u == 'k') return amount / 1024;
    if (u == 'm') return amount;
    if (u == 'g') return amount * 1024;
    if (u == 't') return amount * 1024 * 1024;
  }
  return fail(ErrorKind::invalid_argument,
              "{}: '{}' is no amount of memory; write it like 512m or 2g", name, text);
}

std::string python_path(const ReleaseFacts& release) {
  const std::string lib = release.spark_home + "/python/lib/";
  return lib + "pyspark.zip:" + lib + "py4j-0.10.9.7-src.zip";
}

}  // namespace bdaas
