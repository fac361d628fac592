#include "service/spark_service.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/os_error.h"
#include "base/unique_fd.h"
#include "engine/spark/layout.h"
#include "engine/spark/submission.h"
#include "service/decommission.h"
#include "service/diagnostics.h"
#include "service/driver_rest.h"
#include "service/hdfs_loader.h"
#include "service/native/hdfs_writer.h"
#include "service/yarn.h"

namespace bdaas {
namespace {

// A file of HDFS, in the place of an old one.
Result<> put(const ClusterEndpoints& endpoints, const std::string& path, std::uint64_t bytes,
             const BlockSource& source) {
  const std::string what = fmt::format("cannot write {} to HDFS", path);
  auto writer = HdfsWriter::connect(endpoints, {});
  if (!writer) return std::move(writer).error().context(what);
  return writer->write(path, bytes, 0, source).context(what);
}

Result<> put_file(const ClusterEndpoints& endpoints, const std::string& local_path,
                  const std::string& path) {
  const UniqueFd fd(::open(local_path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return os_error(errno, fmt::format("cannot open {}", local_path));
  }
  return put(endpoints, path, static_cast<std::uint64_t>(about.st_size),
             source_of(fd.get(), 0, local_path));
}

Result<> put_text(const ClusterEndpoints& endpoints, const std::string& text,
                  const std::string& path) {
  return put(endpoints, path, text.size(),
             [&text](std::uint64_t offset, std::span<char> buffer) -> Result<> {
               text.copy(buffer.data(), buffer.size(), offset);
               return {};
             });
}

Result<StagedFile> staged(WebHdfs& hdfs, const ClusterFacts& cluster, const std::string& path) {
  BDAAS_ASSIGN(const auto status, hdfs.status(path));
  return StagedFile{
      .url = hdfs_url(cluster, path), .bytes = status.bytes, .modified_ms = status.modified_ms};
}

// The id that an earlier order for the same step was handed over with, if it came that far. That
// order may still wait in a ResourceManager that stood still. Under the same id YARN takes one of
// both only (ClientRMService.submitApplication: "an earlier submitted application"); and what was
// staged for it must not be touched, for YARN refuses files that changed. The spec is the last that
// is staged: without it nothing was handed over.
Result<std::string> earlier_application(WebHdfs& hdfs, const std::string& spec_path) {
  std::string text;
  const auto read = hdfs.open(spec_path, [&text](std::string_view bytes) -> Result<> {
    text += bytes;
    return {};
  });
  if (!read && read.error().kind == ErrorKind::not_found) return std::string();
  if (!read) return read.error();
  const auto value = parse_json(text);
  const auto spec = value ? from_json<ExecSpec>(*value) : Result<ExecSpec>(value.error());
  return spec ? application_of(*spec) : std::string();  // else its writing was broken off
}

RunState state_of(const YarnApplication& app) {
  if (app.state == "RUNNING") return RunState::running;
  if (app.state == "KILLED") return RunState::cancelled;
  if (app.state == "FAILED") return RunState::failed;
  if (app.state != "FINISHED") return RunState::accepted;
  if (app.final_status == "SUCCEEDED") return RunState::succeeded;
  return app.final_status == "KILLED" ? RunState::cancelled : RunState::failed;
}

RunObservation observation_of(const YarnApplication& app) {
  RunObservation seen;
  seen.state = state_of(app);
  seen.handle = app.id;
  seen.tracking_url = app.tracking_url;
  if (seen.state == RunState::succeeded) seen.progress = 1;
  if (seen.state == RunState::failed || seen.state == RunState::cancelled) {
    seen.diagnostics = explain_failure(app.diagnostics);
  }
  return seen;
}

bool is_over(RunState state) { return state != RunState::accepted && state != RunState::running; }

}  // namespace

Result<> SparkService::load(const ClusterFacts& cluster, const DataSource& source,
                            const std::string& hdfs_dir, LoadProgress& progress) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(source.path, error);
  if (error) return os_error(error.value(), fmt::format("cannot open {}", source.path.string()));
  WebHdfs hdfs(*client_, endpoints_of(cluster));
  const auto workers = static_cast<std::int64_t>(cluster.nodes.size()) - 1;
  return load_into_hdfs(hdfs,
                        {.source = source,
                         .directory = hdfs_dir,
                         .block_bytes = block_bytes_for(static_cast<std::int64_t>(bytes), workers)},
                        progress);
}

Result<> SparkService::stage(const ClusterFacts& cluster, const ProgramFacts& program) {
  const ClusterEndpoints endpoints = endpoints_of(cluster);
  // Spark does not make the directory of its event logs.
  BDAAS_TRY(WebHdfs(*client_, endpoints).make_directory(kEventLogDir));
  return put_file(endpoints, program.local_path,
                  staging_dir(program.step) + "/" + staged_program_name(program));
}

Result<RunObservation> SparkService::submit(const ClusterFacts& cluster, const MemoryPlan& memory,
                                            const ProgramFacts& program) {
  // A repeated order finds what the first one did.
  BDAAS_ASSIGN(auto seen, find(cluster, program.step));
  if (seen.state != RunState::not_found) return seen;

  const ClusterEndpoints endpoints = endpoints_of(cluster);
  WebHdfs hdfs(*client_, endpoints);
  Yarn yarn(*client_, endpoints);
  const std::string dir = staging_dir(program.step) + "/";
  BDAAS_ASSIGN(std::string id, earlier_application(hdfs, dir + kExecSpecName));
  const bool again = !id.empty();
  if (!again) BDAAS_TRY(stage(cluster, program));
  BDAAS_ASSIGN(const auto staged_program,
               staged(hdfs, cluster, dir + staged_program_name(program)));
  if (!again) {
    BDAAS_ASSIGN(id, yarn.new_application());
  }
  BDAAS_ASSIGN(const auto plan, plan_yarn_submission(cluster, memory, program, id, staged_program));
  if (!again) {
    BDAAS_TRY(put_text(endpoints, write_json(to_json(plan.exec)), dir + kExecSpecName));
  }
  BDAAS_ASSIGN(const auto staged_spec, staged(hdfs, cluster, dir + kExecSpecName));
  BDAAS_TRY(yarn.submit(yarn_request(cluster, plan, program, id, staged_program, staged_spec)));
  RunObservation submitted;
  submitted.state = RunState::accepted;
  submitted.handle = id;
  return submitted;
}

Result<RunObservation> SparkService::find(const ClusterFacts& cluster, const StepId& step) {
  const ClusterEndpoints endpoints = endpoints_of(cluster);
  BDAAS_ASSIGN(const auto apps, Yarn(*client_, endpoints).tagged(step.text));
  if (apps.empty()) return RunObservation{};
  RunObservation seen = observation_of(apps.front());
  if (seen.state == RunState::running) {
    const auto stages = stages_of_yarn_driver(*client_, endpoints, seen.handle);
    if (stages) seen.progress = progress_of(*stages);  // else it is just coming up or going down
  }
  return seen;
}

Result<> SparkService::cancel(const ClusterFacts& cluster, const StepId& step,
                              const std::string& handle) {
  const ClusterEndpoints endpoints = endpoints_of(cluster);
  Yarn yarn(*client_, endpoints);
  if (!handle.empty()) BDAAS_TRY(yarn.kill(handle));
  // By its mark too: what was submitted and never heard of.
  BDAAS_ASSIGN(const auto apps, yarn.tagged(step.text));
  for (const auto& app : apps) {
    if (!is_over(state_of(app))) BDAAS_TRY(yarn.kill(app.id));
  }
  return WebHdfs(*client_, endpoints).remove(staging_dir(step));
}

Result<std::vector<EngineService::RemoteFile>> SparkService::list_files(
    const ClusterFacts& cluster, const std::string& hdfs_dir) {
  return WebHdfs(*client_, endpoints_of(cluster)).list_tree(hdfs_dir);
}

Result<> SparkService::read_file(const ClusterFacts& cluster, const std::string& hdfs_path,
                                 const Sink& sink, const std::atomic<bool>& cancel) {
  WebHdfs hdfs(*client_, endpoints_of(cluster), &cancel);
  auto done = hdfs.open(hdfs_path, sink);
  if (done || done.error().kind != ErrorKind::not_found) return done;
  // A program may have written a file where its output directory was expected: list_files() shows
  // it in itself.
  const fs::path path(hdfs_path);
  if (path.filename() != path.parent_path().filename()) return done;
  return hdfs.open(path.parent_path().string(), sink);
}

Result<> SparkService::remove(const ClusterFacts& cluster, const std::string& hdfs_path) {
  return WebHdfs(*client_, endpoints_of(cluster)).remove(hdfs_path);
}

Result<Drains> SparkService::decommission(const ClusterFacts& cluster) {
  return bdaas::decommission(*client_, endpoints_of(cluster), cluster);
}

Result<std::vector<Stage>> SparkService::stages(const ClusterFacts& cluster, const Step& step) {
  const ClusterEndpoints endpoints = endpoints_of(cluster);
  return cluster.spec.scheduler == Scheduler::yarn
             ? stages_of_yarn_driver(*client_, endpoints, step.handle)
             : stages_of_standalone_driver(*client_, endpoints);
}

}  // namespace bdaas
