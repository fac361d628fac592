#pragma once
// The model and its changes as text: three views of the same thing. Pure.

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/run/model.h"

namespace bdaas::cli {

// ---- pipe: one line a change, "08:00:01 cluster: starting daemons"; "" for what is not worth one
// ---- Program output is not among them: it goes to stdout as it is.
std::string render_plain(const RunChange& change, Time now, std::chrono::seconds utc_offset);

// ---- programs: one JSON object a line ----
// {"type": "job" | "phase" | "node" | "stage" | "output" | "note" | "result" | "error", …}
std::string render_json(const RunChange& change, Time now);
std::string render_json_end(const RunModel& model, ExitCode code, Time now);
std::string render_json_error(const Error& error, ExitCode code);

// ---- terminal: a block of lines that is drawn again and again ----
struct Screen {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool colours = false;
};
std::vector<std::string> render_block(const RunModel& model, Time now, const Screen& screen);

// ---- the end, for people ----
// "wordcount.py succeeded in 23.4 s (upload 0.2 s, cluster 11.2 s, …)" and where the archive is, or
// why there is none.
std::string render_summary(const RunModel& model, Time now);

}  // namespace bdaas::cli
