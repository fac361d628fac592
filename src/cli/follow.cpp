#include "cli/follow.h"

#include <algorithm>

#include "base/utf8.h"
#include "cli/known_members.h"
#include "cli/sse.h"

namespace bdaas::cli {

namespace {

bool is_broken_connection(ErrorKind kind) {
  return kind == ErrorKind::unavailable || kind == ErrorKind::unknown_outcome ||
         kind == ErrorKind::deadline_exceeded;
}

// Runs one connection after the other. `connect` says whether it got any further.
struct Connection {
  Result<> end;
  bool moved = false;
};

template <class Connect>
Result<> keep_up(const Connect& connect, TaskControl& control, const TransferRetry& retry) {
  Millis pause = retry.pause_first;
  int failures = 0;
  for (;;) {
    Connection connection = connect();
    if (connection.end || !is_broken_connection(connection.end.error().kind)) {
      return std::move(connection.end);
    }
    if (connection.moved) {
      failures = 0;
      pause = retry.pause_first;
    }
    if (++failures >= retry.attempts_max) return std::move(connection.end);
    if (!control.wait(pause)) return fail(ErrorKind::cancelled, "stopped");
    pause = std::min(pause * 2, retry.pause_max);
  }
}

class LogReader {
 public:
  LogReader(const Api& api, const LogRequest& request, const LogSink& sink, TaskControl& control)
      : api_(api), request_(request), sink_(sink), control_(control) {}

  Connection connect() {
    const auto before = offset_;
    HttpRequest http;
    http.url = fmt::format("/v1/steps/{}/log?stream={}&offset={}&follow={}", request_.step.text,
                           to_text(request_.stream), offset_, request_.follow);
    http.timeout = kStreamTimeout;
    http.cancel = &control_.stop;
    http.sink = [this](std::string_view bytes) { return take(bytes); };
    auto response = api_.send(std::move(http));
    Connection connection{{}, offset_ > before};
    if (enough_) return connection;
    if (!response) {
      connection.end = std::move(response).error();
      if (request_.wait_for_it && connection.end.error().kind == ErrorKind::not_found) {
        connection.end = fail(ErrorKind::unavailable, "no output yet");
      }
    } else if (!held_.empty()) {
      sink_(std::exchange(held_, {}));
    }
    return connection;
  }

 private:
  Result<> take(std::string_view bytes) {
    offset_ += bytes.size();
    held_ += bytes;
    const auto whole = whole_utf8(held_);
    if (whole == 0) return {};
    auto rest = held_.substr(whole);
    held_.resize(whole);
    enough_ = !sink_(std::exchange(held_, std::move(rest)));
    return enough_ ? Result<>(fail(ErrorKind::cancelled, "nobody reads")) : Result<>();
  }

  const Api& api_;
  const LogRequest& request_;
  const LogSink& sink_;
  TaskControl& control_;
  std::uint64_t offset_ = 0;
  std::string held_;  // the beginning of a UTF-8 sequence
  bool enough_ = false;
};

class EventReader {
 public:
  EventReader(const Api& api, std::string_view subject, std::int64_t after, const EventSink& sink,
              TaskControl& control)
      : api_(api), subject_(subject), after_(after), sink_(sink), control_(control) {}

  Connection connect() {
    const auto before = after_;
    SseParser parser;
    HttpRequest http;
    http.url = fmt::format("/v1/events?after={}", after_);
    if (!subject_.empty()) http.url += fmt::format("&subject={}", subject_);
    http.headers = {{"Accept", "text/event-stream"}};
    http.timeout = kStreamTimeout;
    http.cancel = &control_.stop;
    http.sink = [&](std::string_view bytes) { return take(parser.feed(bytes)); };
    auto response = api_.send(std::move(http));
    Connection connection{{}, after_ > before};
    if (enough_) return connection;
    // A live stream has no end of its own: a manager that ends says good-bye like this.
    connection.end = response ? fail(ErrorKind::unavailable, "the manager ended the event stream")
                              : std::move(response).error();
    return connection;
  }

 private:
  Result<> take(const std::vector<SseEvent>& events) {
    for (const auto& sse : events) {
      BDAAS_ASSIGN(const auto value, parse_json(sse.data));
      BDAAS_ASSIGN(const auto event, noun_from<EventView>(value));
      if (event.seq <= after_) continue;
      after_ = event.seq;
      if (!sink_(event)) {
        enough_ = true;
        return fail(ErrorKind::cancelled, "nobody reads");
      }
    }
    return {};
  }

  const Api& api_;
  std::string_view subject_;
  std::int64_t after_;
  const EventSink& sink_;
  TaskControl& control_;
  bool enough_ = false;
};

}  // namespace

std::size_t whole_utf8(std::string_view text) {
  // Back to the last byte that could begin a sequence; three continuation bytes are the most that may follow it.
  for (std::size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

Result<> follow_log(const Api& api, const LogRequest& request, const LogSink& sink,
                    TaskControl& control, const TransferRetry& retry) {
  LogReader reader(api, request, sink, control);
  return keep_up([&] { return reader.connect(); }, control, retry);
}

Result<> follow_events(const Api& api, std::string_view subject, std::int64_t after_seq,
                       const EventSink& sink, TaskControl& control, const TransferRetry& retry) {
  EventReader reader(api, subject, after_seq, sink, control);
  return keep_up([&] { return reader.connect(); }, control, retry);
}

}  // namespace bdaas::cli
