#include "service/fake_service.h"

#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "base/tar_reader.h"
#include "engine/fake/fake_engine.h"

namespace bdaas {
namespace {

std::string setting(const ClusterFacts& cluster, const ProgramFacts& program, std::string_view name,
                    std::string fallback) {
  for (const auto* settings : {&program.settings, &cluster.spec.settings}) {
    const auto found = settings->find(std::string(name));
    if (found != settings->end()) return found->second;
  }
  return fallback;
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

std::string value_of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

bool ends_work(const ClusterFacts& cluster, const NodeId& worker) {
  return std::any_of(cluster.leaving.begin(), cluster.leaving.end(),
                     [&](const Leaver& leaver) { return leaver.id == worker && leaver.emptied; });
}

// The files of a source, by the names they shall have below the directory.
Result<std::map<std::string, std::string>> contents_of(const DataSource& source,
                                                       std::uint64_t bytes_max) {
  std::map<std::string, std::string> files;
  if (source.shape == DataShape::file) {
    BDAAS_ASSIGN(files[source.name], read_file(source.path, bytes_max));
    return files;
  }
  BDAAS_ASSIGN(auto tar, TarReader::open(source.path));
  for (;;) {
    BDAAS_ASSIGN(const auto entry, tar.next());
    if (!entry) return files;
    if (entry->directory) continue;
    if (static_cast<std::uint64_t>(entry->bytes) > bytes_max) {
      return fail(ErrorKind::resource_exhausted, "{} is too large for the fake engine",
                  entry->name);
    }
    std::string content(static_cast<std::size_t>(entry->bytes), '\0');
    std::span<char> left(content);
    while (!left.empty()) {
      BDAAS_ASSIGN(const auto got, tar.read(left));
      if (got == 0) return fail(ErrorKind::corrupted, "{} is cut off", entry->name);
      left = left.subspan(got);
    }
    files[entry->name] = std::move(content);
  }
}

}  // namespace

Result<FakeService::Entry> FakeService::enter(FakeCall call, const ClusterFacts& cluster,
                                              const std::string& subject) {
  FakeCluster& at = clusters_[cluster.id];
  const Error silent =
      fail(ErrorKind::unavailable, "the fake engine of {} does not answer", cluster.id.text);
  if (at.ended || cluster.nodes.empty()) return silent;
  const FakeFault fault =
      faults_ == nullptr ? FakeFault::none : faults_->fault(call, cluster.id, subject);
  if (fault == FakeFault::none) return Entry{at};
  if (call != FakeCall::submit || fault == FakeFault::unavailable) return silent;
  if (fault == FakeFault::unknown_done) return Entry{.at = at, .answer_lost = true};
  return fail(ErrorKind::unknown_outcome, "the fake engine's answer was lost");
}

Result<> FakeService::load(const ClusterFacts& cluster, const DataSource& source,
                           const std::string& hdfs_dir, LoadProgress& progress) {
  std::map<std::string, std::string> files = {{source.name, source.name}};
  if (options_.reads_sources) {
    BDAAS_ASSIGN(files, contents_of(source, static_cast<std::uint64_t>(options_.file_bytes_max)));
  }
  if (progress.cancelled()) return fail(ErrorKind::cancelled, "the upload was cancelled");
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::load, cluster, hdfs_dir));
  for (auto& [name, content] : files) {
    progress.bytes += static_cast<std::int64_t>(content.size());
    entry.at.files[hdfs_dir + "/" + name] = std::move(content);
  }
  return {};
}

Result<> FakeService::stage(const ClusterFacts& cluster, const ProgramFacts& program) {
  const std::lock_guard lock(mutex_);
  BDAAS_TRY(enter(FakeCall::stage, cluster, program.step.text));
  return {};
}

FakeService::Run FakeService::run_of(const ClusterFacts& cluster, const ProgramFacts& program) {
  Run run;
  run.submitted_at = clock_.now();
  run.handle = fmt::format("fake_{}", next_run_++);
  run.outcome = setting(cluster, program, kFakeOutcome, "succeed");
  const std::string time = setting(cluster, program, kFakeTime, "");
  std::int64_t time_ms = options_.program_time.count();
  std::from_chars(time.data(), time.data() + time.size(), time_ms);
  run.time = Millis{time_ms};
  if (setting(cluster, program, kFakeOutput, "true") == "true") {
    run.output = value_of(program.env, "BDAAS_OUTPUT");
  }
  run.text = fmt::format("{} ran with {} arguments\n", program.file_name, program.args.size());
  return run;
}

void FakeService::check_submission(const FakeCluster& at, const ClusterFacts& cluster,
                                   const ProgramFacts& program) {
  const std::string& step = program.step.text;
  if (times_submitted_[program.step]++ > 0) {
    violations_.push_back(fmt::format("{} was submitted twice", step));
  }
  if (cancelled_.contains(program.step)) {
    violations_.push_back(fmt::format("{} was submitted after it was cancelled", step));
  }
  for (const auto& [name, path] : program.env) {
    if (!name.starts_with("BDAAS_INPUT_")) continue;
    const auto file = at.files.lower_bound(path);
    if (file != at.files.end() && (file->first == path || is_below(file->first, path))) continue;
    violations_.push_back(
        fmt::format("{} was submitted to {} before its {} was there", step, cluster.id.text, name));
  }
}

Result<RunObservation> FakeService::submit(const ClusterFacts& cluster, const MemoryPlan&,
                                           const ProgramFacts& program) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::submit, cluster, program.step.text));
  check_submission(entry.at, cluster, program);
  Run& run = entry.at.runs.try_emplace(program.step, run_of(cluster, program)).first->second;
  if (entry.answer_lost) {
    return fail(ErrorKind::unknown_outcome, "the fake engine's answer was lost");
  }
  return observe(entry.at, run);
}

Time FakeService::end_of(const Run& run) const {
  if (run.cancelled_at) return *run.cancelled_at;
  return run.outcome == "run_for_ever" ? Time::max() : run.submitted_at + run.time;
}

RunObservation FakeService::observe(FakeCluster& at, Run& run) {
  const Time now = clock_.now();
  RunObservation seen;
  seen.handle = run.handle;
  if (now < end_of(run)) {
    const Millis gone = now - run.submitted_at;
    seen.state = gone < run.time / 4 ? RunState::accepted : RunState::running;
    if (run.time.count() > 0) {
      seen.progress =
          std::min(0.99, static_cast<double>(gone.count()) / static_cast<double>(run.time.count()));
    }
    return seen;
  }
  if (run.cancelled_at) {
    seen.state = RunState::cancelled;
  } else if (run.outcome == "fail") {
    seen.state = RunState::failed;
    seen.diagnostics = "the program ended with exit code 1";
  } else {
    seen.state = RunState::succeeded;
    seen.progress = 1;
    if (!run.written && !run.output.empty()) at.files[run.output + "/part-00000"] = run.text;
    run.written = true;
  }
  return seen;
}

Result<RunObservation> FakeService::find(const ClusterFacts& cluster, const StepId& step) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::find, cluster, step.text));
  const auto run = entry.at.runs.find(step);
  if (run == entry.at.runs.end()) return RunObservation{};
  return observe(entry.at, run->second);
}

Result<> FakeService::cancel(const ClusterFacts& cluster, const StepId& step, const std::string&) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::cancel, cluster, step.text));
  cancelled_.insert(step);
  const auto run = entry.at.runs.find(step);
  if (run != entry.at.runs.end() && clock_.now() < end_of(run->second)) {
    run->second.cancelled_at = clock_.now();
  }
  return {};
}

Result<std::vector<EngineService::RemoteFile>> FakeService::list_files(
    const ClusterFacts& cluster, const std::string& hdfs_dir) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::list_files, cluster, hdfs_dir));
  std::vector<RemoteFile> files;
  for (const auto& [path, content] : entry.at.files) {
    if (!is_below(path, hdfs_dir)) continue;
    files.push_back({path.substr(hdfs_dir.size() + 1), static_cast<std::int64_t>(content.size())});
  }
  if (files.empty()) return fail(ErrorKind::not_found, "{} is not there", hdfs_dir);
  return files;
}

Result<> FakeService::read_file(const ClusterFacts& cluster, const std::string& hdfs_path,
                                const Sink& sink, const std::atomic<bool>&) {
  std::string content;
  {
    const std::lock_guard lock(mutex_);
    BDAAS_ASSIGN(const Entry entry, enter(FakeCall::read_file, cluster, hdfs_path));
    const auto file = entry.at.files.find(hdfs_path);
    if (file == entry.at.files.end()) {
      return fail(ErrorKind::not_found, "{} is not there", hdfs_path);
    }
    content = file->second;
  }
  return content.empty() ? Result<>{} : sink(content);
}

Result<> FakeService::remove(const ClusterFacts& cluster, const std::string& hdfs_path) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::remove, cluster, hdfs_path));
  std::erase_if(entry.at.files, [&](const auto& file) {
    return file.first == hdfs_path || is_below(file.first, hdfs_path);
  });
  return {};
}

Result<Drains> FakeService::decommission(const ClusterFacts& cluster) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const Entry entry, enter(FakeCall::decommission, cluster, ""));
  std::map<NodeId, Time> drained_at;
  for (const auto& worker : cluster.leaving) {
    const auto known = entry.at.drained_at.find(worker.id);
    drained_at[worker.id] =
        known == entry.at.drained_at.end() ? clock_.now() + options_.drain_time : known->second;
  }
  entry.at.drained_at = std::move(drained_at);
  Drains drains;
  for (const auto& node : cluster.nodes) {
    const auto leaving = entry.at.drained_at.find(node.id);
    let_go_.erase(node.id);
    if (leaving == entry.at.drained_at.end()) continue;
    const Millis left = std::max(Millis{0}, leaving->second - clock_.now());
    drains[node.id] = {.emptied = left <= options_.drain_time / 2,
                       .done = left == Millis{0} && ends_work(cluster, node.id),
                       .left = fmt::format("{} blocks left to copy", (left.count() + 99) / 100)};
    if (drains[node.id].done) let_go_.insert(node.id);
  }
  return drains;
}

Result<std::vector<Stage>> FakeService::stages(const ClusterFacts& cluster, const Step& step) {
  BDAAS_ASSIGN(const auto seen, find(cluster, step.id));
  if (seen.state != RunState::running) {
    return fail(ErrorKind::not_found, "the driver of {} is not up", step.id.text);
  }
  Stage stage;
  stage.name = "fake stage";
  stage.state = "ACTIVE";
  stage.tasks = 100;
  stage.done = static_cast<std::int64_t>(seen.progress * 100);
  return std::vector<Stage>{stage};
}

void FakeService::end_cluster(const ClusterId& cluster) {
  const std::lock_guard lock(mutex_);
  clusters_[cluster] = FakeCluster{.ended = true};
}

bool FakeService::has_let_go(const NodeId& worker) const {
  const std::lock_guard lock(mutex_);
  return let_go_.contains(worker);
}

std::int64_t FakeService::times_submitted(const StepId& step) const {
  const std::lock_guard lock(mutex_);
  const auto found = times_submitted_.find(step);
  return found == times_submitted_.end() ? 0 : found->second;
}

std::vector<StepId> FakeService::living_runs() const {
  const std::lock_guard lock(mutex_);
  std::vector<StepId> living;
  for (const auto& [id, cluster] : clusters_) {
    for (const auto& [step, run] : cluster.runs) {
      if (clock_.now() < end_of(run)) living.push_back(step);
    }
  }
  return living;
}

std::vector<std::string> FakeService::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

}  // namespace bdaas
