#include "agent/steps.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "agent/log_tail.h"
#include "agent/process_table.h"
#include "agent/step_files.h"

namespace bdaas {

namespace {

constexpr Millis kScanEvery{5'000};
constexpr Millis kStragglerTime{200};
constexpr std::int64_t kUnknownExit = 255;
constexpr std::uint32_t kWatched = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;

template <class T>
std::optional<T> read_small(const std::string& path) {
  const auto text = read_file(path, 64 * 1024);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value) return std::nullopt;
  auto parsed = from_json<T>(*value);
  return parsed ? std::optional<T>(std::move(*parsed)) : std::nullopt;
}

struct stat stat_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) status = {};
  return status;
}

// A program started by order finds what a login would give it, unless the order says otherwise.
std::map<std::string, std::string> with_defaults(std::map<std::string, std::string> env) {
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "TZ"}) {
    if (const char* value = ::getenv(name)) env.emplace(name, value);
  }
  env.emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  return env;
}

bool is_step_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && check_relative_name(name).ok() &&
         name.find('/') == name.npos;
}

}  // namespace

Steps::Steps(const NodeContext& node, const NodeFiles& files, StateStore& store)
    : node_(node),
      files_(files),
      store_(store),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  const auto made = files_.make_directory(node_.config.dir + "/steps");
  if (!made) node_.log.error("{}", made.error().message);
  ::inotify_add_watch(inotify_.get(), (node_.config.dir + "/steps").c_str(), kWatched);
  for (const auto& record : store_.state.steps) {
    if (!record.ended && record.process) {
      live_[record.step].process = Process::adopt(*record.process);
    }
  }
}

std::string Steps::dir_of(const StepId& step) const {
  return fmt::format("{}/steps/{}", node_.config.dir, step.text);
}

const StepRecord* Steps::find(const StepId& step) const {
  const auto& steps = store_.state.steps;
  const auto at = std::ranges::lower_bound(steps, step, {}, &StepRecord::step);
  return at == steps.end() || at->step != step ? nullptr : &*at;
}

StepRecord& Steps::record_of(const StepId& step) {
  auto& steps = store_.state.steps;
  const auto at = std::ranges::lower_bound(steps, step, {}, &StepRecord::step);
  if (at != steps.end() && at->step == step) return *at;
  StepRecord record;
  record.step = step;
  return *steps.insert(at, std::move(record));
}

bool Steps::has_ended(const StepId& step) const {
  const auto* record = find(step);
  return record != nullptr && record->ended;
}

bool Steps::none_running() const {
  return std::ranges::none_of(live_,
                              [](const auto& item) { return item.second.process.has_value(); });
}

bool Steps::owns(pid_t pid) const {
  return std::ranges::any_of(live_, [&](const auto& item) {
    return item.second.process && item.second.process->id().pid == pid;
  });
}

Result<> Steps::run(const RunSpec& run) {
  if (!is_step_name(run.step.text)) {
    return fail(ErrorKind::invalid_argument, "'{}' is no step's name", run.step.text);
  }
  const auto* known = find(run.step);
  if (known != nullptr && (known->by_order || known->attempt > 0)) return {};
  const auto dir = dir_of(run.step);
  BDAAS_TRY(files_.make_directory(dir + "/work"));
  for (const auto& file : run.files) BDAAS_TRY(files_.write(file));
  ExecSpec exec;
  exec.step = run.step;
  exec.argv = run.argv;
  exec.env = run.env;
  exec.output_dir = "steps/" + run.step.text;
  BDAAS_TRY(files_.write({dir + "/spec.json", write_json(to_json(exec)), 0600}));
  auto& record = record_of(run.step);
  record.by_order = true;
  const auto started = start(run, record);
  if (!started) {
    record.ended = true;  // it will not be tried again
    record.exit_code = kUnknownExit;
    record.process.reset();
  }
  return started;
}

Result<> Steps::start(const RunSpec& run, StepRecord& record) {
  const auto dir = dir_of(run.step);
  BDAAS_ASSIGN(const auto log, files_.open_log(dir + "/exec.log"));
  SpawnSpec spawn;
  spawn.argv = {node_.agent_binary, "exec", "--spec", dir + "/spec.json"};
  spawn.env = node_.with_marks(with_defaults(run.env));
  spawn.working_dir = run.working_dir.empty() ? dir + "/work" : run.working_dir;
  spawn.out = spawn.err = log.get();
  BDAAS_ASSIGN(auto held, HeldProcess::fork(spawn));
  record.process = held.id();
  BDAAS_TRY(store_.save());
  BDAAS_ASSIGN(live_[run.step].process, std::move(held).release());
  ::inotify_add_watch(inotify_.get(), dir.c_str(), kWatched);
  look_now_ = true;
  return {};
}

void Steps::stop(const StepId& step, Millis grace, Instant now) {
  const auto found = live_.find(step);
  if (found == live_.end() || !found->second.process) return;
  auto& live = found->second;
  if (live.kill_at) return;
  live.process->signal(SIGTERM);  // exec hands it on
  live.kill_at = now + grace;
}

void Steps::stop_all(Instant now) {
  for (const auto& [step, live] : live_) stop(step, Millis{2'000}, now);
}

void Steps::discover() {
  const auto steps = node_.config.dir + "/steps";
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::opendir(steps.c_str()));
  while (const dirent* entry = stream ? ::readdir(stream.get()) : nullptr) {
    if (!is_step_name(entry->d_name)) continue;
    const StepId step{entry->d_name};
    if (live_.contains(step)) continue;
    live_[step];
    ::inotify_add_watch(inotify_.get(), dir_of(step).c_str(), kWatched);
  }
}

std::vector<StepProcess> Steps::tick(Instant now) {
  std::vector<StepProcess> reports;
  char events[4096];
  while (::read(inotify_.get(), events, sizeof events) > 0) look_now_ = true;
  if (look_now_ || now >= next_scan_) {
    discover();
    look_now_ = false;
    next_scan_ = now + kScanEvery;
    for (auto& [step, live] : live_) look(record_of(step), live, reports);
  }
  for (auto& [step, live] : live_) {
    if (live.process && live.kill_at && now >= *live.kill_at) {
      live.kill_at.reset();
      live.process->signal(SIGKILL);
      live.process->signal_group(SIGKILL);
    }
    if (!live.process || !live.process->ended()) continue;
    look(record_of(step), live, reports);
    live.process.reset();
  }
  if (!reports.empty()) store_.mark();
  return reports;
}

void Steps::wait_for(WaitSet& wait) const {
  wait.on_readable(inotify_.get());
  wait.at(next_scan_);
  for (const auto& [step, live] : live_) {
    if (!live.process) continue;
    wait.on_readable(live.process->fd());
    if (live.kill_at) wait.at(*live.kill_at);
  }
}

void Steps::look(StepRecord& record, Live& live, std::vector<StepProcess>& reports) {
  const auto dir = dir_of(record.step);
  const auto started_inode = static_cast<std::int64_t>(stat_of(dir + "/started").st_ino);
  if (started_inode != 0 && started_inode != live.started_file) {
    live.started_file = started_inode;
    const auto started = read_small<StepStarted>(dir + "/started");
    if (started && started->attempt > record.attempt) {
      record.attempt = started->attempt;
      record.process = started->process;
      record.ended = false;
      if (!live.process || live.process->id() != started->process) {
        live.process = Process::adopt(started->process);
      }
      auto report = report_of(record);
      report.pid = started->pid;
      reports.push_back(std::move(report));
    }
  }
  if (record.ended || (record.attempt == 0 && !record.by_order)) return;
  const bool gone = !live.process || live.process->ended();  // asked before `exit` is read
  const auto exit = read_small<StepExit>(dir + "/exit");
  if (exit && exit->attempt == record.attempt) return end(record, exit->exit_code, "", reports);
  if (gone) {
    end(record, kUnknownExit,
        record.attempt == 0
            ? "the program was not begun"
            : "the process that kept this program's output was killed; the exit code is unknown",
        reports);
  }
}

// What a failed program said last, for people.
std::string Steps::last_words(const std::string& dir) {
  // Spark sends a Python program's stderr where its stdout goes, and leaves only words of its own
  // in stderr.
  for (auto said : {traceback_tail(dir + "/stdout"), log_tail(dir + "/stderr"),
                    log_tail(dir + "/stdout"), log_tail(dir + "/exec.log")}) {
    if (!said.empty()) return said;
  }
  return {};
}

void Steps::end(StepRecord& record, std::int64_t code, std::string_view why,
                std::vector<StepProcess>& reports) {
  record.ended = true;
  record.exit_code = code;
  // What a container left behind is the engine's to end; a process of ours has nobody else.
  if (record.by_order) kill_all({kStepVariable, record.step.text}, kStragglerTime);
  auto report = report_of(record);
  report.exit_code = code;
  if (code != 0) {
    const auto dir = dir_of(record.step);
    report.last_lines = last_words(dir);
    if (!why.empty() && !report.last_lines.empty()) report.last_lines += '\n';
    report.last_lines += why;
  }
  reports.push_back(std::move(report));
}

StepProcess Steps::report_of(const StepRecord& record) const {
  StepProcess report;
  report.step = record.step;
  report.stdout_bytes = stat_of(dir_of(record.step) + "/stdout").st_size;
  report.stderr_bytes = stat_of(dir_of(record.step) + "/stderr").st_size;
  return report;
}

}  // namespace bdaas
