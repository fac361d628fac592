#include "agent/daemons.h"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "agent/init_mode.h"
#include "agent/log_tail.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kLogBytesMax = 32u << 20;
constexpr std::size_t kCommandTextMax = 80;

// Tells whether a daemon was begun with this very spec (FNV-1a; nobody forges it).
std::string fingerprint_of(const DaemonSpec& spec) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char byte : write_json(to_json(spec))) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  }
  return fmt::format("{:016x}", hash);
}

std::string first_words(const std::vector<std::string>& argv) {
  std::string text;
  for (const auto& word : argv) text += (text.empty() ? "" : " ") + word;
  if (text.size() > kCommandTextMax) text = text.substr(0, kCommandTextMax) + "…";
  return text;
}

std::int64_t size_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_size : 0;
}

void add_end(DaemonRecord& record, Instant now) {
  const auto from = now.time_since_epoch() - kRestartWindow;
  std::erase_if(record.ends, [&](Millis end) { return end <= from; });
  record.ends.push_back(now.time_since_epoch());
}

int number_of(DaemonAct act) {
  if (act == DaemonAct::dump_threads) return SIGQUIT;
  return act == DaemonAct::terminate ? SIGTERM : SIGKILL;
}

}  // namespace

Daemons::Daemons(const NodeContext& node, const NodeFiles& files, StateStore& store)
    : node_(node), files_(files), store_(store) {
  plan_changed();
  for (const auto& record : store_.state.daemons) {
    auto& live = live_[record.name];
    if (record.process) live.process = Process::adopt(*record.process);
    if (live.process) node_.log.info("{}: adopted process {}", record.name, record.process->pid);
    if (const auto* spec = spec_of(record)) live.probing.begin(spec->ready);
  }
}

void Daemons::stop_all() { stopping_ = true; }

bool Daemons::none_left() const { return store_.state.daemons.empty(); }

bool Daemons::owns(pid_t pid) const {
  return std::ranges::any_of(live_, [&](const auto& item) {
    return item.second.process && item.second.process->id().pid == pid;
  });
}

void Daemons::plan_changed() {
  fingerprints_.clear();
  for (const auto& spec : store_.plan().daemons) fingerprints_.push_back(fingerprint_of(spec));
}

const DaemonSpec* Daemons::spec_of(const DaemonRecord& record) const {
  if (stopping_) return nullptr;
  for (std::size_t i = 0; i < fingerprints_.size(); ++i) {
    const auto& spec = store_.plan().daemons[i];
    if (spec.name == record.name && fingerprints_[i] == record.fingerprint) return &spec;
  }
  return nullptr;
}

bool Daemons::add_wanted() {
  bool added = false;
  for (std::size_t i = 0; !stopping_ && i < fingerprints_.size(); ++i) {
    const auto& spec = store_.plan().daemons[i];
    if (live_.contains(spec.name)) continue;  // it may be one that must stop first
    DaemonRecord record;
    record.name = spec.name;
    record.fingerprint = fingerprints_[i];
    record.stop_grace = spec.stop_grace_ms;
    store_.state.daemons.push_back(std::move(record));
    live_[spec.name] = Live{};
    added = true;
  }
  return added;
}

bool Daemons::tick(Instant now) {
  bool changed = add_wanted();
  for (auto& record : store_.state.daemons) changed |= advance(record, live_[record.name], now);
  const auto gone = std::erase_if(store_.state.daemons, [&](const auto& record) {
    return record.state == DaemonState::stopped && !live_[record.name].process &&
           live_.erase(record.name) > 0;
  });
  if (gone > 0) {
    add_wanted();  // those that are begun anew
    changed = true;
  }
  if (changed) store_.mark();
  return changed;
}

void Daemons::wait_for(WaitSet& wait) const {
  for (const auto& [name, live] : live_) {
    wait.at(live.look_again);
    if (live.process) wait.on_readable(live.process->fd());
    if (live.process) live.probing.wait_for(wait);
  }
}

DaemonFacts Daemons::observe(const DaemonSpec* spec, DaemonRecord& record, Live& live,
                             Instant now) {
  DaemonFacts facts;
  facts.wanted = spec != nullptr;
  if (!facts.wanted && !live.stop_began) {
    live.stop_began = now;
    live.sent = DaemonAct::none;
  }
  facts.stop_began = live.stop_began.value_or(now);
  facts.sent = live.sent;
  if (live.process) {
    if (const auto ended = live.process->ended()) {
      facts.exit = ended->code;
      live.process.reset();
      record.process.reset();
    }
  }
  // After the process: it may have left its marker and ended between two looks.
  if (spec != nullptr && spec->init_once) {
    facts.initialized = is_initialized(node_.config.dir, *spec->init_once);
  }
  facts.alive = live.process.has_value();
  if (facts.alive && record.state == DaemonState::starting) {
    facts.probes_hold = live.probing.tick(now);
  }
  return facts;
}

bool Daemons::advance(DaemonRecord& record, Live& live, Instant now) {
  const DaemonSpec* const wanted = spec_of(record);
  const DaemonSpec none;
  const DaemonSpec& spec = wanted != nullptr ? *wanted : none;
  const DaemonFacts facts = observe(wanted, record, live, now);
  const DaemonDecision decision = decide_daemon(spec, record, facts, now);
  const bool moved = decision.state != record.state;
  if (decision.not_before) record.not_before = decision.not_before->time_since_epoch();
  if (decision.ended) record_end(spec, record, decision, facts, now);
  if (moved) {
    node_.log.info("{}: {} -> {}{}{}", record.name, to_text(record.state), to_text(decision.state),
                   decision.why.empty() ? "" : ": ", decision.why);
  }
  record.state = decision.state;
  if (moved && record.state == DaemonState::ready) record.message.clear();
  live.look_again = decision.look_again;
  if (decision.act != DaemonAct::none) act(spec, record, live, decision.act, now);
  return moved || decision.ended || record.state != decision.state;
}

void Daemons::record_end(const DaemonSpec& spec, DaemonRecord& record,
                         const DaemonDecision& decision, const DaemonFacts& facts,
                         Instant now) const {
  add_end(record, now);
  record.exit_code = facts.exit.value_or(0);
  record.message = fmt::format("node {}: {}: {}: {}", node_.config.node.text, record.name,
                               decision.why, first_words(spec.argv));
  const auto said = log_tail(spec.log, static_cast<std::uint64_t>(record.log_begin));
  record.message += said.empty() ? std::string("; it wrote nothing to its log") : ":\n" + said;
}

void Daemons::act(const DaemonSpec& spec, DaemonRecord& record, Live& live, DaemonAct act,
                  Instant now) {
  switch (act) {
    case DaemonAct::none:
    case DaemonAct::forget:
      return;
    case DaemonAct::dump_threads:
    case DaemonAct::terminate:
    case DaemonAct::kill:
      live.sent = act;
      if (act == DaemonAct::kill) live.process->signal_group(SIGKILL);
      live.process->signal(number_of(act));
      return;
    case DaemonAct::initialize:
    case DaemonAct::start:
      break;
  }
  if (!record.ends.empty() && act == DaemonAct::start) ++record.restarts;
  const auto argv = act == DaemonAct::start
                        ? spec.argv
                        : init_command(node_.agent_binary, node_.config.dir, *spec.init_once);
  if (const auto started = start(spec, argv, record, live, now); !started) {
    not_started(spec, argv, record, live, started.error(), now);
  }
}

// A program that is not there will not be there later either. A disk that is full may have room
// again, so that is tried again as after an end.
void Daemons::not_started(const DaemonSpec& spec, const std::vector<std::string>& argv,
                          DaemonRecord& record, Live& live, const Error& error, Instant now) const {
  DaemonDecision decision{DaemonState::failed};
  decision.why = error.message;
  if (error.kind == ErrorKind::resource_exhausted) {
    decision = after_end(spec, record, error.message, now);
    add_end(record, now);
  }
  record.state = decision.state;
  if (decision.not_before) record.not_before = decision.not_before->time_since_epoch();
  live.look_again = decision.look_again;
  record.message = fmt::format("node {}: {}: {}: {}", node_.config.node.text, record.name,
                               first_words(argv), decision.why);
  node_.log.error("{}", record.message);
}

Result<> Daemons::start(const DaemonSpec& spec, const std::vector<std::string>& argv,
                        DaemonRecord& record, Live& live, Instant now) {
  BDAAS_ASSIGN(const auto log, files_.open_log(spec.log));
  SpawnSpec spawn;
  spawn.argv = argv;
  spawn.env = node_.with_marks(spec.env);
  spawn.working_dir = spec.working_dir.empty() ? node_.config.dir : spec.working_dir;
  spawn.out = spawn.err = log.get();
  BDAAS_ASSIGN(auto held, HeldProcess::fork(spawn));
  record.process = held.id();
  record.began = now.time_since_epoch();
  record.log_begin = size_of(log.get());
  const auto saved = store_.save();
  if (!saved) {
    record.process.reset();
    return saved;
  }
  live.sent = DaemonAct::none;
  live.probing.begin(spec.ready);
  live.look_again = now;
  auto process = std::move(held).release();
  if (!process) {
    record.process.reset();
    return std::move(process).error();
  }
  live.process = std::move(*process);
  return {};
}

void Daemons::bound_logs() const {
  for (const auto& spec : store_.plan().daemons) {
    const auto cut = bound_log(spec.log, kLogBytesMax);
    if (!cut) node_.log.warning("{}: {}", spec.name, cut.error().message);
  }
}

std::vector<DaemonStatus> Daemons::statuses() const {
  std::vector<DaemonStatus> statuses;
  for (const auto& record : store_.state.daemons) {
    statuses.push_back({record.name, record.state, record.process ? record.process->pid : 0,
                        record.restarts, record.exit_code, record.message});
  }
  return statuses;
}

}  // namespace bdaas
