#include <ctime>

#include "cli/run/render.h"
#include "cli/text.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

std::string stamp(Time time, std::chrono::seconds utc_offset) {
  const auto local = std::chrono::floor<std::chrono::seconds>(time) + utc_offset;
  const auto of_day = local - std::chrono::floor<std::chrono::days>(local);
  const auto seconds = of_day.count();
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

struct PlainText {
  Time now;

  std::string operator()(const PhaseChanged& change) const {
    const auto& phase = change.phase;
    const auto name = to_text(phase.phase);
    if (phase.state == PhaseState::running) {
      return fmt::format("{}: {}", name, phase.detail.empty() ? "begun" : phase.detail);
    }
    return fmt::format("{}: {} after {}", name, to_text(phase.state),
                       human_duration(phase.took(now)));
  }
  std::string operator()(const JobKnown& change) const {
    return fmt::format("job {}", change.job.text);
  }
  std::string operator()(const NodeChanged& change) const {
    const auto& node = change.node;
    if (!node.ready && !node.failed) return {};
    return fmt::format("node {}: {}", node.name, node.state);
  }
  std::string operator()(const StageChanged& change) const {
    const auto& stage = change.stage;
    if (stage.state != "COMPLETE" && stage.state != "FAILED") return {};
    return fmt::format("stage {} ({}): {} of {} tasks{}", stage.id, stage.name, stage.done,
                       stage.tasks, stage.state == "FAILED" ? ", failed" : "");
  }
  std::string operator()(const OutputArrived&) const { return {}; }
  std::string operator()(const Noted& change) const { return change.text; }
};

Time moment_of(const RunChange& change, Time now) {
  const auto* changed = std::get_if<PhaseChanged>(&change);
  if (changed == nullptr) return now;
  return changed->phase.state == PhaseState::running ? now : changed->phase.ended;
}

std::string phases_in_words(const RunModel& model, Time now) {
  std::string text;
  for (const auto& phase : model.phases) {
    if (phase.state == PhaseState::pending) continue;
    text += text.empty() ? " (" : ", ";
    text += fmt::format("{} {}", to_text(phase.phase), human_duration(phase.took(now)));
  }
  return text.empty() ? text : text + ")";
}

Millis whole_time(const RunModel& model, Time now) {
  Time first = now;
  for (const auto& phase : model.phases) {
    if (phase.state != PhaseState::pending) first = std::min(first, phase.began);
  }
  return now - first;
}

}  // namespace

std::string render_plain(const RunChange& change, Time now, std::chrono::seconds utc_offset) {
  const auto text = std::visit(PlainText{now}, change);
  if (text.empty()) return {};
  return fmt::format("{} {}\n", stamp(moment_of(change, now), utc_offset), without_controls(text));
}

std::string render_summary(const RunModel& model, Time now) {
  std::string text = fmt::format("{} ", without_controls(model.title));
  if (!model.end) {
    text += model.cancel_taken ? "is being cancelled" : "goes on";
    text += " without this terminal";
  } else if (model.end->state == JobState::succeeded) {
    text += "succeeded";
  } else if (model.end->state == JobState::cancelled) {
    text += "was cancelled";
  } else {
    text += "failed";
  }
  text += fmt::format(" after {}{}\n", human_duration(whole_time(model, now)),
                      phases_in_words(model, now));
  if (model.keeps && !model.cluster.empty()) {
    text += fmt::format("cluster: {} is kept; end it with `bdaas clusters terminate {}`\n",
                        model.cluster.text, model.cluster.text);
  }
  if (model.archive) {
    const auto& archive = *model.archive;
    text +=
        fmt::format("result: {} ({}, {} {} of output)\n", archive.path, human_bytes(archive.bytes),
                    archive.files, archive.files == 1 ? "file" : "files");
    if (!archive.has_output) {
      text += "the program wrote nothing to {output}; the archive holds its logs only\n";
    }
  }
  return text;
}

}  // namespace bdaas::cli
