#include "engine/spark/history_plan.h"

#include <fmt/core.h>

#include "engine/memory.h"
#include "engine/spark/hadoop_config.h"
#include "engine/spark/java.h"

namespace bdaas {

NodePlan plan_history_server(const HistoryServerFacts& facts) {
  const std::string address = "127.0.0.1";
  const NodeLayout layout{facts.dir};
  const std::string properties = layout.conf("history.properties");
  DaemonSpec daemon;
  daemon.name = "history-server";
  daemon.argv = spark_daemon_command(facts.release, layout, kHistoryServerMemory.heap_mib,
                                     "org.apache.spark.deploy.history.HistoryServer",
                                     {"--properties-file", properties});
  daemon.env = {{"JAVA_HOME", facts.release.java_home},
                {"SPARK_LOCAL_IP", address},
                {"SPARK_LOCAL_HOSTNAME", "localhost"},
                {"MALLOC_ARENA_MAX", "2"},
                {"LANG", "C.UTF-8"},
                {"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  daemon.working_dir = facts.dir;
  daemon.log = layout.log(daemon.name);
  daemon.ready = {{.kind = ProbeKind::http,
                   .address = address,
                   .port = facts.port,
                   .path = "/api/v1/applications?limit=1"}};

  NodePlan plan;
  plan.directories = {layout.conf(), layout.tmp(), facts.dir + "/log"};
  plan.files = {
      {.path = layout.hosts(),
       .content = to_hosts_file({{address, "localhost"}, {address, facts.os_host}})},
      {.path = layout.conf("log4j2.properties"), .content = spark_log4j2()},
      {.path = properties,
       .content = to_java_properties({{"spark.history.ui.port", std::to_string(facts.port)},
                                      {"spark.history.fs.logDirectory", "file://" + facts.logs},
                                      {"spark.history.fs.update.interval", "2s"},
                                      {"spark.history.fs.cleaner.enabled", "false"},
                                      {"spark.history.retainedApplications", "4"},
                                      {"spark.ui.proxyBase", facts.place}})}};
  plan.daemons = {std::move(daemon)};
  return plan;
}

}  // namespace bdaas
