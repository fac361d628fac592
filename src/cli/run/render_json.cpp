#include "base/utf8.h"
#include "cli/run/render.h"

namespace bdaas::cli {

namespace {

std::string line_of(json::object object) { return write_json(object) + "\n"; }

json::object typed(std::string_view type) { return {{"type", type}}; }

json::object json_of(const PhaseView& phase, Time now) {
  json::object object = typed("phase");
  object["phase"] = to_text(phase.phase);
  object["state"] = to_text(phase.state);
  object["began_at"] = to_rfc3339(phase.began);
  object["took_ms"] = phase.took(now).count();
  if (!phase.detail.empty()) object["detail"] = phase.detail;
  return object;
}

struct JsonText {
  Time now;

  json::object operator()(const PhaseChanged& change) const { return json_of(change.phase, now); }
  json::object operator()(const JobKnown& change) const {
    auto object = typed("job");
    object["job"] = change.job.text;
    return object;
  }
  json::object operator()(const NodeChanged& change) const {
    auto object = typed("node");
    object["node"] = change.node.name;
    object["state"] = change.node.state;
    object["ready"] = change.node.ready;
    return object;
  }
  json::object operator()(const StageChanged& change) const {
    auto object = fields_to_json(change.stage);
    object["type"] = "stage";
    return object;
  }
  json::object operator()(const OutputArrived& change) const {
    auto object = typed("output");
    object["stream"] = to_text(change.stream);
    object["text"] = repair_utf8(change.text);
    return object;
  }
  json::object operator()(const Noted& change) const {
    auto object = typed("note");
    object["text"] = repair_utf8(change.text);
    return object;
  }
};

}  // namespace

std::string render_json(const RunChange& change, Time now) {
  return line_of(std::visit(JsonText{now}, change));
}

std::string render_json_end(const RunModel& model, ExitCode code, Time now) {
  auto object = typed("result");
  object["job"] = model.job.text;
  if (!model.cluster.empty()) object["cluster"] = model.cluster.text;
  if (model.end) {
    object["state"] = to_text(model.end->state);
    object["reason"] = to_text(model.end->reason);
    if (!model.end->message.empty()) object["message"] = model.end->message;
  }
  if (model.archive) {
    object["archive"] = model.archive->path;
    object["sha256"] = model.archive->sha256;
    object["bytes"] = model.archive->bytes;
    object["files"] = model.archive->files;
    object["has_output"] = model.archive->has_output;
  }
  json::object took;
  for (const auto& phase : model.phases) {
    if (phase.state != PhaseState::pending) {
      took[to_text(phase.phase)] = phase.took(now).count();
    }
  }
  object["took_ms"] = std::move(took);
  object["exit_code"] = static_cast<int>(code);
  return line_of(std::move(object));
}

std::string render_json_error(const Error& error, ExitCode code) {
  auto object = typed("error");
  object["kind"] = to_text(error.kind);
  object["message"] = repair_utf8(error.message);
  object["exit_code"] = static_cast<int>(code);
  return line_of(std::move(object));
}

}  // namespace bdaas::cli
