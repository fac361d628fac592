#include "cli/progress_line.h"

#include "cli/text.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr Millis kBetweenDrawings{100};

}  // namespace

Progress ProgressLine::progress() {
  return [this](std::uint64_t done, std::uint64_t total) {
    const auto shown = human_bytes(static_cast<std::int64_t>(done));
    say(total == 0 ? shown
                   : fmt::format("{} of {}", shown, human_bytes(static_cast<std::int64_t>(total))));
  };
}

void ProgressLine::say(std::string_view text) {
  if (!err_.is_terminal()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < kBetweenDrawings) return;
  drawn_ = now;
  const auto line = fmt::format("{}: {}", without_controls(name_), without_controls(text));
  const auto columns = err_.width();
  err_.write(area_.draw({fit_width(line, columns - 1)}, columns));
}

void ProgressLine::clear() { err_.write(area_.erase(err_.width())); }

}  // namespace bdaas::cli
