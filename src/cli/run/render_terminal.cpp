#include <algorithm>
#include <array>

#include "cli/run/render.h"
#include "cli/text.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr std::array kSpinner = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr Millis kSpinnerStep{100};
constexpr std::size_t kNameColumns = 9;
constexpr std::size_t kTimeColumns = 10;
constexpr std::size_t kBarColumns = 24;
constexpr std::size_t kNodesShown = 4;
constexpr std::size_t kStagesShown = 4;

class Block {
 public:
  Block(const RunModel& model, Time now, const Screen& screen)
      : model_(model), now_(now), screen_(screen) {}

  std::vector<std::string> draw();

 private:
  // Text that fits, coloured afterwards: escape sequences take no columns. The last column stays
  // free: erasing to the end of the line behind a full one takes its last character.
  void add(std::string_view plain, Colour colour = Colour::none) {
    const auto fitted = fit_width(plain, std::max<std::size_t>(screen_.columns, 2) - 1);
    lines_.push_back(coloured(fitted, screen_.colours ? colour : Colour::none));
  }
  void add_title();
  void add_phase(const PhaseView& phase);
  void add_nodes();
  void add_stages();
  std::string details_of(const PhaseView& phase) const;

  const RunModel& model_;
  Time now_;
  Screen screen_;
  std::vector<std::string> lines_;
};

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarColumns);
  std::string text;
  for (std::size_t i = 0; i < kBarColumns; ++i) text += i < full ? "━" : "─";
  return text;
}

double share_of(std::uint64_t done, std::uint64_t total) {
  return total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
}

void Block::add_title() {
  std::string text = without_controls(model_.title);
  if (!model_.job.empty()) text += " · " + model_.job.text;
  if (!model_.cluster.empty()) text += " · " + model_.cluster.text;
  add(text, Colour::bold);
}

std::string Block::details_of(const PhaseView& phase) const {
  std::string text = without_controls(phase.detail);
  const auto more = [&](const std::string& part) {
    if (part.empty()) return;
    if (!text.empty()) text += ", ";
    text += part;
  };
  if (phase.phase == Phase::cluster && !model_.nodes.empty()) {
    const auto ready = std::count_if(model_.nodes.begin(), model_.nodes.end(),
                                     [](const NodeView& node) { return node.ready; });
    more(fmt::format("{} of {} nodes ready", ready, model_.nodes.size()));
  }
  if (phase.bytes_total > 0) {
    more(fmt::format("{} {} of {}", bar(share_of(phase.bytes_done, phase.bytes_total)),
                     human_bytes(static_cast<std::int64_t>(phase.bytes_done)),
                     human_bytes(static_cast<std::int64_t>(phase.bytes_total))));
  }
  return text;
}

void Block::add_phase(const PhaseView& phase) {
  std::string mark = " ";
  Colour colour = Colour::dim;
  if (phase.state == PhaseState::running) {
    const auto frame = now_.time_since_epoch() / kSpinnerStep;
    mark = kSpinner[static_cast<std::size_t>(frame) % kSpinner.size()];
    colour = Colour::yellow;
  } else if (phase.state == PhaseState::done) {
    mark = "✔";
    colour = Colour::green;
  } else if (phase.state == PhaseState::failed) {
    mark = "✗";
    colour = Colour::red;
  }
  std::string line = fmt::format("{} {}", mark, pad_right(to_text(phase.phase), kNameColumns));
  if (phase.state != PhaseState::pending) {
    const auto took = human_duration(phase.took(now_));
    const auto used = display_width(took);
    line += std::string(used < kTimeColumns ? kTimeColumns - used : 0, ' ') + took;
  }
  if (phase.state == PhaseState::running) line += "  " + details_of(phase);
  line.erase(line.find_last_not_of(' ') + 1);
  add(line, colour);
}

void Block::add_nodes() {
  if (model_.phase(Phase::cluster).state != PhaseState::running) return;
  std::size_t shown = 0;
  for (const auto& node : model_.nodes) {
    if (node.ready) continue;
    if (shown++ == kNodesShown) {
      add("    …");
      return;
    }
    add(fmt::format("    {} {}", pad_right(node.name, kNameColumns), without_controls(node.state)),
        node.failed ? Colour::red : Colour::none);
  }
}

void Block::add_stages() {
  if (model_.phase(Phase::program).state != PhaseState::running) return;
  std::size_t shown = 0;
  for (const auto& stage : model_.stages) {
    if (stage.state != "ACTIVE") continue;
    if (shown++ == kStagesShown) {
      add("    …");
      return;
    }
    const auto share =
        share_of(static_cast<std::uint64_t>(stage.done), static_cast<std::uint64_t>(stage.tasks));
    add(fmt::format("    {} {}/{}  stage {} {}{}", bar(share), stage.done, stage.tasks, stage.id,
                    without_controls(stage.name),
                    stage.failed > 0 ? fmt::format(" ({} failed)", stage.failed) : ""));
  }
}

std::vector<std::string> Block::draw() {
  add_title();
  for (const auto& phase : model_.phases) {
    const bool always =
        phase.phase >= Phase::upload && (phase.phase != Phase::data || model_.has_data);
    if (!always && phase.state == PhaseState::pending) continue;
    add_phase(phase);
    if (phase.phase == Phase::cluster) add_nodes();
    if (phase.phase == Phase::program) add_stages();
  }
  if (!model_.trouble.empty()) add(without_controls(model_.trouble), Colour::red);
  if (model_.cancel_asked && !model_.end) {
    add("cancelling; Ctrl-C again leaves it to the manager", Colour::yellow);
  }
  // A block as high as the screen could not be drawn over.
  const auto most = std::max<std::size_t>(2, screen_.rows) - 1;
  if (lines_.size() > most) lines_.resize(most);
  return std::move(lines_);
}

}  // namespace

std::vector<std::string> render_block(const RunModel& model, Time now, const Screen& screen) {
  return Block(model, now, screen).draw();
}

}  // namespace bdaas::cli
