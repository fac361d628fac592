#pragma once
// One line on a terminal that shows how far a transfer is; nothing anywhere else. One thread at
// a time.

#include <chrono>

#include "cli/output.h"
#include "cli/run/live_area.h"
#include "cli/upload.h"

namespace bdaas::cli {

class ProgressLine {
 public:
  ProgressLine(Output& err, std::string name) : err_(err), name_(std::move(name)) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  Progress progress();  // valid as long as this
  void say(std::string_view text);
  void clear();

 private:
  Output& err_;
  std::string name_;
  LiveArea area_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace bdaas::cli
