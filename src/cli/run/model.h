#pragma once
// What `bdaas run` knows of its job. Inputs come from the threads that watch the manager; reduce()
// is the only code that changes the model, and is pure; renderers turn the model and its changes
// into text.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/agent_messages.h"
#include "model/stages.h"

namespace bdaas::cli {

// In the order of the screen. Some overlap in time.
enum class Phase { manager, release, upload, cluster, data, program, result, clean_up };
constexpr auto enum_table(Phase) {
  using P = Phase;
  return enum_rows<P>({{P::manager, "manager"},
                       {P::release, "release"},
                       {P::upload, "upload"},
                       {P::cluster, "cluster"},
                       {P::data, "data"},
                       {P::program, "program"},
                       {P::result, "result"},
                       {P::clean_up, "clean-up"}});
}
inline constexpr std::size_t kPhaseCount = enum_table(Phase{}).size();

enum class PhaseState { pending, running, done, failed };
constexpr auto enum_table(PhaseState) {
  using S = PhaseState;
  return enum_rows<S>(
      {{S::pending, "pending"}, {S::running, "running"}, {S::done, "done"}, {S::failed, "failed"}});
}

struct PhaseView {
  Phase phase{};
  PhaseState state = PhaseState::pending;
  Time began{};
  Time ended{};
  std::string detail;            // what it is at now
  std::uint64_t bytes_done = 0;  // of a transfer
  std::uint64_t bytes_total = 0;

  Millis took(Time now) const;  // up to now while it runs; never negative
};

struct NodeView {
  std::string name;   // "master", "worker-1"
  std::string state;  // "waiting for its agent", "1 of 2 daemons ready", "ready", "failed"
  bool ready = false;
  bool failed = false;
  bool operator==(const NodeView&) const = default;
};

NodeView view_of(const Node& node);

// One row of the manager's history, as its event stream sends it.
struct EventView {
  std::int64_t seq = 0;
  Time at{};
  std::string kind;     // jobs, clusters, steps, nodes, …
  std::string subject;  // id
  std::string context;
  std::string from;
  std::string to;  // empty with from: a note
  std::string reason;
  std::string source;
  std::string message;

  static constexpr auto fields() {
    return std::tuple{
        required("seq", &EventView::seq, ""),         required("at", &EventView::at, ""),
        required("kind", &EventView::kind, ""),       required("subject", &EventView::subject, ""),
        optional("context", &EventView::context, ""), optional("from", &EventView::from, ""),
        optional("to", &EventView::to, ""),           optional("reason", &EventView::reason, ""),
        optional("source", &EventView::source, ""),   optional("message", &EventView::message, "")};
  }
};

struct SavedArchive {
  std::string path;
  std::string sha256;
  std::int64_t bytes = 0;
  std::int64_t files = 0;
  bool has_output = true;
};

struct JobEnd {
  JobState state = JobState::failed;
  Reason reason = Reason::none;
  std::string message;
};

struct RunModel {
  // Known before anything happens.
  std::string title;  // the job's name
  bool has_data = false;
  bool borrows = false;  // runs on a cluster that is there already
  bool keeps = false;

  JobId job;
  JobState state = JobState::submitted;
  ClusterId cluster;
  StepId step;  // once it exists
  ResultId result;
  std::array<PhaseView, kPhaseCount> phases = no_phases();
  std::vector<NodeView> nodes;
  std::vector<Stage> stages;
  std::string last_lines;  // of the driver's stderr, when it failed
  bool cancel_asked = false;
  bool cancel_taken = false;  // by the manager, which sees to it from then on
  std::string trouble;        // with the connection, now; empty: none
  std::optional<JobEnd> end;
  std::optional<SavedArchive> archive;

  PhaseView& phase(Phase which) { return phases[static_cast<std::size_t>(which)]; }
  const PhaseView& phase(Phase which) const { return phases[static_cast<std::size_t>(which)]; }

 private:
  static std::array<PhaseView, kPhaseCount> no_phases();
};

// ---- inputs ----

struct PhaseBegan {  // on this side: manager, release, upload, result
  Phase phase;
  std::string detail;
};
struct PhaseProgress {
  Phase phase;
  std::string detail;  // empty: as before
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};
struct PhaseEnded {
  Phase phase;
  bool ok = true;
};
struct JobSeen {
  Job job;
};
struct ClusterSeen {
  Cluster cluster;
};
struct StepSeen {
  Step step;
};
struct EventSeen {
  EventView event;
};
struct NodesSeen {
  std::vector<NodeView> nodes;
};
struct StagesSeen {
  std::vector<Stage> stages;
};
struct OutputSeen {
  OutputStream stream = OutputStream::out;
  std::string text;
};
struct ArchiveSaved {
  SavedArchive archive;
};
struct CancelAsked {};
struct CancelTaken {};
struct TroubleSeen {  // empty: over
  std::string message;
};

using RunInput = std::variant<PhaseBegan, PhaseProgress, PhaseEnded, JobSeen, ClusterSeen, StepSeen,
                              EventSeen, NodesSeen, StagesSeen, OutputSeen, ArchiveSaved,
                              CancelAsked, CancelTaken, TroubleSeen>;

// How a thread that sees something says so. May wait for room.
using TellRun = std::function<void(RunInput input)>;

// ---- changes: what is worth a line ----

struct PhaseChanged {
  PhaseView phase;
};
struct JobKnown {
  JobId job;
};
struct NodeChanged {
  NodeView node;
};
struct StageChanged {
  Stage stage;
};
struct OutputArrived {
  OutputStream stream = OutputStream::out;
  std::string text;
};
struct Noted {
  std::string text;
};

using RunChange =
    std::variant<PhaseChanged, JobKnown, NodeChanged, StageChanged, OutputArrived, Noted>;

std::vector<RunChange> reduce(RunModel& model, const RunInput& input, Time now);

}  // namespace bdaas::cli
