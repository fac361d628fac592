#include "engine/spark/settings.h"

#include <algorithm>
#include <string_view>

#include "base/nearest.h"
#include "engine/spark/known_settings.h"
#include "engine/spark/properties.h"

namespace bdaas {
namespace {

struct Owned {
  std::string_view name;  // one that ends in '.' stands for all below it
  std::string_view why;
};

// What the cluster itself decides; a user's value would break it, or would be without effect.
constexpr Owned kOwned[] = {
    {"spark.app.id", "YARN gives it"},
    {"spark.archives", "a program is one file; read others from HDFS"},
    {"spark.blockManager.port", "the cluster gives out ports"},
    {"spark.cores.max", "it follows from the workers; choose them with --workers"},
    {"spark.deploy.", "the cluster runs its own masters and workers"},
    {"spark.driver.bindAddress", "the driver listens on its node's own address"},
    {"spark.driver.blockManager.port", "the cluster gives out ports"},
    {"spark.driver.extraClassPath", "packages of a release stand at fixed places"},
    {"spark.driver.host", "the driver listens on its node's own address"},
    {"spark.driver.port", "the cluster gives out ports"},
    {"spark.eventLog.", "the history server needs its event logs as they are"},
    {"spark.executor.extraClassPath", "packages of a release stand at fixed places"},
    {"spark.executor.instances", "it follows from the workers; choose them with --workers"},
    {"spark.executor.port", "the cluster gives out ports"},
    {"spark.files", "a program is one file; read others from HDFS"},
    {"spark.hadoop.fs.defaultFS", "it is the cluster's own HDFS"},
    {"spark.hadoop.yarn.", "it is the cluster's own YARN"},
    {"spark.history.", "the manager runs the history server"},
    {"spark.home", "packages of a release stand at fixed places"},
    {"spark.jars", "a program is one file; put its libraries into the jar"},
    {"spark.jars.", "a program is one file; put its libraries into the jar"},
    {"spark.kubernetes.", "this cluster runs on YARN or standalone"},
    {"spark.local.dir", "scratch space belongs to the node"},
    {"spark.master", "choose it with --master yarn or --master standalone"},
    {"spark.mesos.", "this cluster runs on YARN or standalone"},
    {"spark.plugins", "Comet is switched off with --no-comet"},
    {"spark.pyspark.", "every node has the release's Python"},
    {"spark.remote", "this cluster runs programs, not Spark Connect"},
    {"spark.shuffle.manager", "Comet is switched off with --no-comet"},
    {"spark.submit.", "the cluster submits by itself"},
    {"spark.ui.enabled", "the manager shows the stages of a run out of it"},
    {"spark.ui.port", "the cluster gives out ports"},
    {"spark.ui.proxy", "the pages are reached through the manager"},
    {"spark.worker.", "the cluster runs its own masters and workers"},
    {"spark.yarn.", "the cluster speaks with YARN by itself"},
};

// Names below these are free: they belong to Hadoop, to the program's environment, to catalogs and
// connectors.
constexpr std::string_view kOpenFamilies[] = {"spark.hadoop.",
                                              "spark.executorEnv.",
                                              "spark.sql.catalog.",
                                              "spark.metrics.conf.",
                                              "spark.shuffle.io.",
                                              "spark.rpc.io.",
                                              "spark.network.",
                                              "spark.ssl.",
                                              "spark.executor.resource.",
                                              "spark.driver.resource.",
                                              "spark.task.resource.",
                                              "spark.redaction.",
                                              "spark.cassandra.",
                                              "spark.es.",
                                              "spark.mongodb."};

// What the plan of a submission reads as an amount of memory.
constexpr std::string_view kMemory[] = {"spark.driver.memory", "spark.driver.memoryOverhead",
                                        "spark.executor.memory", "spark.executor.memoryOverhead",
                                        "spark.memory.offHeap.size"};

const Owned* owner_of_setting(std::string_view name) {
  for (const auto& owned : kOwned) {
    if (owned.name.ends_with('.') ? name.starts_with(owned.name) : name == owned.name) {
      return &owned;
    }
  }
  return nullptr;
}

bool in_open_family(std::string_view name) {
  return std::any_of(std::begin(kOpenFamilies), std::end(kOpenFamilies), [&](std::string_view f) {
    return name.size() > f.size() && name.starts_with(f);
  });
}

}  // namespace

Result<> check_spark_settings(const std::map<std::string, std::string>& settings) {
  if (settings.empty()) return {};
  const std::vector<std::string> known = known_spark_settings();
  for (const auto& [name, value] : settings) {
    if (const Owned* owned = owner_of_setting(name)) {
      return fail(ErrorKind::invalid_argument, "settings: {} cannot be set: {}", name, owned->why);
    }
    if (value.find('\0') != value.npos) {
      return fail(ErrorKind::invalid_argument, "settings: the value of {} has a NUL in it", name);
    }
    if (std::find(std::begin(kMemory), std::end(kMemory), name) != std::end(kMemory)) {
      BDAAS_TRY(parse_memory_mib("settings: " + name, value));
    }
    if (in_open_family(name) || std::find(known.begin(), known.end(), name) != known.end())
      continue;
    const std::vector<std::string_view> names(known.begin(), known.end());
    return fail(ErrorKind::invalid_argument, "settings: Spark does not know {}{}", name,
                did_you_mean(name, names));
  }
  return {};
}

}  // namespace bdaas
