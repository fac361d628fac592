#pragma once
// The two streams of the API, kept up over broken connections. Blocking; end when the stream does,
// when control.stop is set (cancelled), or when the manager stays away for longer than `retry`
// allows.

#include <functional>

#include "cli/run/model.h"
#include "cli/upload.h"

namespace bdaas::cli {

struct LogRequest {
  StepId step;
  OutputStream stream = OutputStream::out;
  bool follow = true;        // to the end of the program; else what there is now
  bool wait_for_it = false;  // the step has no output yet: not an error
};

// Pieces never end within a UTF-8 sequence. A sink that answers false has had enough.
using LogSink = std::function<bool(std::string text)>;
Result<> follow_log(const Api& api, const LogRequest& request, const LogSink& sink,
                    TaskControl& control, const RetryPolicy& retry = {});

// subject: an id, or "" for all events. From the first event after seq on, then live.
using EventSink = std::function<bool(const EventView& event)>;
Result<> follow_events(const Api& api, std::string_view subject, std::int64_t after_seq,
                       const EventSink& sink, TaskControl& control, const RetryPolicy& retry = {});

// How many bytes of text are whole UTF-8 sequences, or no UTF-8 at all; less than all of it only
// when its end is cut.
std::size_t whole_utf8(std::string_view text);

}  // namespace bdaas::cli
