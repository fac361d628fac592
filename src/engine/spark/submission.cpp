#include "engine/spark/submission.h"

#include <fmt/core.h>

#include "engine/memory.h"
#include "engine/ports.h"
#include "engine/spark/java.h"
#include "engine/spark/properties.h"

namespace bdaas {
namespace {

constexpr MasterPorts kMaster;
constexpr const char* kPropertiesName = "spark.properties";
constexpr const char* kApplicationId = "spark.yarn.app.id";
constexpr const char* kCacheName = "cache.properties";
constexpr const char* kUserJarName = "__app__.jar";  // where Spark's ApplicationMaster looks for it

// Expanded by the NodeManager's launch script; the variables come by
// yarn.nodemanager.env-whitelist.
constexpr const char* kContainerHosts = "{{BDAAS_DIR}}/conf/hosts";
constexpr const char* kContainerConf = "{{HADOOP_CONF_DIR}}";

struct Sizes {
  std::int64_t driver_heap_mib = 0;
  std::int64_t driver_mib = 0;
  std::int64_t executor_mib = 0;
};

Result<std::int64_t> memory_of(const Properties& p, const char* name) {
  const auto found = p.find(name);
  if (found == p.end()) return std::int64_t{0};
  return parse_memory_mib(name, found->second);
}

std::int64_t round_up_to_step(std::int64_t mib) {
  return (mib + kAllocationStepMib - 1) / kAllocationStepMib * kAllocationStepMib;
}

// What the properties ask for in the end; settings of the user may have changed the plan's sizes.
Result<Sizes> check_sizes(const Properties& p, const MemoryPlan& memory) {
  Sizes sizes;
  BDAAS_ASSIGN(sizes.driver_heap_mib, memory_of(p, "spark.driver.memory"));
  BDAAS_ASSIGN(const auto driver_overhead, memory_of(p, "spark.driver.memoryOverhead"));
  BDAAS_ASSIGN(const auto heap, memory_of(p, "spark.executor.memory"));
  BDAAS_ASSIGN(const auto overhead, memory_of(p, "spark.executor.memoryOverhead"));
  BDAAS_ASSIGN(const auto off_heap, memory_of(p, "spark.memory.offHeap.size"));
  sizes.driver_mib = round_up_to_step(sizes.driver_heap_mib + driver_overhead);
  sizes.executor_mib = round_up_to_step(heap + overhead + off_heap);
  for (const auto& [who, wanted] :
       {std::pair{"the driver", sizes.driver_mib}, std::pair{"an executor", sizes.executor_mib}}) {
    if (wanted > memory.node_memory_mib) {
      return fail(
          ErrorKind::resource_exhausted,
          "the settings ask for {} MiB for {} and a worker has {} MiB: ask for less, or for a "
          "cluster with fewer workers or more memory",
          wanted, who, memory.node_memory_mib);
    }
  }
  return sizes;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::string setting(const Properties& p, const char* name) {
  const auto found = p.find(name);
  return found == p.end() ? "" : found->second;
}

void add_yarn(Properties& p, const ClusterFacts& cluster, const ProgramFacts& program,
              const std::string& application_id, const StagedFile& staged_program) {
  p["spark.master"] = "yarn";
  p["spark.submit.deployMode"] = "cluster";
  p[kApplicationId] = application_id;
  p["spark.yarn.jars"] = "local:" + cluster.release.spark_home + "/jars/*";
  p["spark.yarn.populateHadoopClasspath"] = "false";
  p["spark.yarn.maxAppAttempts"] = "1";
  p["spark.yarn.scheduler.initial-allocation.interval"] = "50ms";
  p["spark.yarn.scheduler.heartbeat.interval-ms"] = "200";
  if (program.kind == ProgramKind::jar) {
    p["spark.yarn.user.jar"] = staged_program.url;
  } else {
    p["spark.yarn.isPython"] = "true";
  }
  p["spark.executor.extraClassPath"] = spark_classpath(cluster.release) + ":" + kContainerConf;
  const std::string more = setting(p, "spark.executor.extraJavaOptions");
  p["spark.executor.extraJavaOptions"] = join_words(program_java_options(cluster, kContainerHosts));
  if (!more.empty()) p["spark.executor.extraJavaOptions"] += " " + more;
}

// What the executors shall find in their directories.
Properties cache_properties(const ProgramFacts& program, const StagedFile& staged) {
  if (program.kind != ProgramKind::jar) return {};
  return {{"spark.yarn.cache.filenames", fmt::format("{}#{}", staged.url, kUserJarName)},
          {"spark.yarn.cache.sizes", std::to_string(staged.bytes)},
          {"spark.yarn.cache.timestamps", std::to_string(staged.modified_ms)},
          {"spark.yarn.cache.visibilities", "PRIVATE"},
          {"spark.yarn.cache.types", "FILE"}};
}

std::vector<std::string> master_command(const ClusterFacts& cluster, const ProgramFacts& program,
                                        const Properties& p, const StagedFile& staged_program,
                                        std::int64_t heap_mib) {
  std::vector<std::string> argv = {java_binary(cluster.release), "-server",
                                   fmt::format("-Xmx{}m", heap_mib)};
  append(argv, program_java_options(cluster, "{dir}/conf/hosts"));
  append(argv, split_words(setting(p, "spark.driver.extraJavaOptions")));
  append(argv, {"-Djava.io.tmpdir={cwd}/tmp", "-Dspark.yarn.app.container.log.dir={cwd}", "-cp",
                spark_classpath(cluster.release) + ":{dir}/conf:{cwd}",
                "org.apache.spark.deploy.yarn.ApplicationMaster", "--class"});
  if (program.kind == ProgramKind::jar) {
    append(argv, {program.main_class, "--jar", staged_program.url});
  } else {
    append(argv, {"org.apache.spark.deploy.PythonRunner", "--primary-py-file",
                  staged_program_name(program)});
  }
  for (const auto& argument : program.args) append(argv, {"--arg", argument});
  append(argv, {"--properties-file", kPropertiesName, "--dist-cache-conf", kCacheName});
  return argv;
}

ExecSpec exec_spec(const ClusterFacts& cluster, const ProgramFacts& program, const Properties& p,
                   const StagedFile& staged_program, std::int64_t heap_mib) {
  ExecSpec exec;
  exec.step = program.step;
  exec.argv = master_command(cluster, program, p, staged_program, heap_mib);
  exec.env = program.env;
  exec.env["SPARK_USER"] = cluster.user;
  exec.env["HADOOP_USER_NAME"] = cluster.user;
  exec.env["SPARK_YARN_STAGING_DIR"] = hdfs_url(cluster, staging_dir(program.step));
  exec.env["SPARK_HOME"] = cluster.release.spark_home;
  exec.env["PYTHONPATH"] = python_path(cluster.release);
  exec.env["PYTHONHASHSEED"] = "0";
  exec.env["PYTHONUNBUFFERED"] = "1";  // printed lines come out as they are printed
  exec.env["PYSPARK_PYTHON"] = setting(p, "spark.pyspark.python");
  exec.files = {{.path = kPropertiesName, .content = to_java_properties(p), .mode = 0600},
                {.path = kCacheName,
                 .content = to_java_properties(cache_properties(program, staged_program)),
                 .mode = 0600},
                {.path = "tmp/.keep", .content = "", .mode = 0600}};  // makes the directory
  exec.output_dir = "steps/" + program.step.text;
  exec.ignore = {kExecSpecName,
                 staged_program_name(program),
                 kPropertiesName,
                 kCacheName,
                 "tmp",
                 "launch_container.sh",
                 "default_container_executor*",
                 "container_tokens",
                 "__spark_*",
                 "sysfs"};
  return exec;
}

json::object resource_entry(const std::string& name, const StagedFile& file) {
  return {{"key", name},
          {"value",
           {{"resource", file.url},
            {"type", "FILE"},
            {"visibility", "APPLICATION"},
            {"size", file.bytes},
            {"timestamp", file.modified_ms}}}};
}

// For the launch script of a container.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace

std::string staging_dir(const StepId& step) { return fmt::format("{}/{}", kStagingDir, step.text); }

std::string hdfs_url(const ClusterFacts& cluster, const std::string& path) {
  return fmt::format("hdfs://{}:{}{}", cluster.nodes.front().host, kMaster.namenode_rpc, path);
}

std::string staged_program_name(const ProgramFacts& program) {
  if (program.kind == ProgramKind::jar) return kUserJarName;
  std::string name;
  for (const char c : program.file_name) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    name += plain ? c : '_';
  }
  // Spark takes a file for a Python program by this ending; a leading dot would hide it.
  if (!name.ends_with(".py")) name += ".py";
  if (name.starts_with('.')) name.insert(0, "program");
  return name;
}

Result<> check_settings_fit(const std::map<std::string, std::string>& settings,
                            const MemoryPlan& memory) {
  Properties p = settings;
  p.merge(memory_properties(memory));  // what the user says stays
  BDAAS_TRY(check_sizes(p, memory));
  return {};
}

Result<YarnSubmission> plan_yarn_submission(const ClusterFacts& cluster, const MemoryPlan& memory,
                                            const ProgramFacts& program,
                                            const std::string& application_id,
                                            const StagedFile& staged_program) {
  YarnSubmission submission;
  submission.properties = spark_properties(cluster, memory, program);
  BDAAS_ASSIGN(const Sizes sizes, check_sizes(submission.properties, memory));
  add_yarn(submission.properties, cluster, program, application_id, staged_program);
  submission.driver_mib = sizes.driver_mib;
  submission.exec =
      exec_spec(cluster, program, submission.properties, staged_program, sizes.driver_heap_mib);
  return submission;
}

std::string application_of(const ExecSpec& exec) {
  const std::string name = fmt::format("\n{}=", kApplicationId);
  for (const auto& file : exec.files) {
    const std::string lines = "\n" + file.content;
    const auto at = lines.find(name);
    if (file.path != kPropertiesName || at == lines.npos) continue;
    const auto begin = at + name.size();
    return lines.substr(begin, lines.find('\n', begin) - begin);
  }
  return {};
}

json::object yarn_request(const ClusterFacts& cluster, const YarnSubmission& submission,
                          const ProgramFacts& program, const std::string& application_id,
                          const StagedFile& staged_program, const StagedFile& staged_exec_spec) {
  const std::string command =
      fmt::format("exec {} exec --spec {} 1> <LOG_DIR>/stdout 2> <LOG_DIR>/stderr",
                  shell_quoted(cluster.agent_binary), kExecSpecName);
  const json::array resources = {resource_entry(kExecSpecName, staged_exec_spec),
                                 resource_entry(staged_program_name(program), staged_program)};
  return {{"application-id", application_id},
          {"application-name", program.name},
          {"application-type", "SPARK"},
          {"application-tags", {{"tag", json::array{program.step.text}}}},
          {"max-app-attempts", 1},
          {"queue", "default"},
          {"priority", 0},
          {"unmanaged-AM", false},
          {"keep-containers-across-application-attempts", false},
          {"resource", {{"memory", submission.driver_mib}, {"vCores", 1}}},
          {"am-container-spec",
           {{"commands", {{"command", command}}},
            {"environment", {{"entry", json::array{}}}},
            {"local-resources", {{"entry", resources}}}}}};
}

Result<RunSpec> plan_standalone_run(const ClusterFacts& cluster, const MemoryPlan& memory,
                                    const ProgramFacts& program) {
  const NodeFacts& master = cluster.nodes.front();
  const std::string step_dir = master.dir + "/steps/" + program.step.text;
  const std::string properties_path = step_dir + "/spark.properties";
  Properties p = spark_properties(cluster, memory, program);
  BDAAS_ASSIGN(const Sizes sizes, check_sizes(p, memory));
  p["spark.master"] = fmt::format("spark://{}:{}", master.host, kMaster.spark_master);
  p["spark.submit.deployMode"] = "client";
  p["spark.cores.max"] = std::to_string(memory.executors * memory.executor_cores);
  p["spark.executor.extraClassPath"] = spark_classpath(cluster.release);
  // An executor starts in <its node>/spark/work/<application>/<number>.
  p["spark.executor.extraJavaOptions"] =
      join_words(program_java_options(cluster, "../../../../conf/hosts")) + " " +
      setting(p, "spark.executor.extraJavaOptions");

  RunSpec run;
  run.step = program.step;
  run.argv = {java_binary(cluster.release), fmt::format("-Xmx{}m", sizes.driver_heap_mib)};
  const NodeLayout layout{master.dir};
  append(run.argv, program_java_options(cluster, layout.hosts()));
  append(run.argv, split_words(setting(p, "spark.driver.extraJavaOptions")));
  append(run.argv, {"-Djava.io.tmpdir=" + layout.tmp(), "-cp",
                    spark_classpath(cluster.release) + ":" + layout.conf(),
                    "org.apache.spark.deploy.SparkSubmit", "--properties-file", properties_path});
  if (program.kind == ProgramKind::jar) append(run.argv, {"--class", program.main_class});
  run.argv.push_back(
      hdfs_url(cluster, staging_dir(program.step) + "/" + staged_program_name(program)));
  append(run.argv, program.args);
  run.env = program.env;
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"JAVA_HOME", cluster.release.java_home},
                                          {"SPARK_HOME", cluster.release.spark_home},
                                          {"HADOOP_CONF_DIR", layout.conf()},
                                          {"HADOOP_USER_NAME", cluster.user},
                                          {"SPARK_USER", cluster.user},
                                          {"SPARK_LOCAL_IP", master.address},
                                          {"SPARK_LOCAL_HOSTNAME", master.host},
                                          {"SPARK_LOCAL_DIRS", layout.spark_local()},
                                          {"PYTHONPATH", python_path(cluster.release)},
                                          {"PYTHONHASHSEED", "0"},
                                          {"PYTHONUNBUFFERED", "1"},
                                          {"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                          {"LANG", "C.UTF-8"}}) {
    run.env[name] = value;
  }
  run.files = {{.path = properties_path, .content = to_java_properties(p), .mode = 0600}};
  return run;
}

}  // namespace bdaas
