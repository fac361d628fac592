#include "cli/follow.h"

#include <algorithm>

#include "base/utf8.h"
#include "cli/known_members.h"
#include "cli/sse.h"

namespace bdaas::cli {

namespace {

class LogReader {
 public:
  LogReader(const Api& api, const LogRequest& request, const LogSink& sink, TaskControl& control)
      : api_(api), request_(request), sink_(sink), control_(control) {}

  Attempt connect() {
    const auto before = offset_;
    HttpRequest http;
    http.url = fmt::format("/v1/steps/{}/log?stream={}&offset={}&follow={}", request_.step.text,
                           to_text(request_.stream), offset_, request_.follow);
    http.timeout = kStreamTimeout;
    http.cancel = &control_.stop;
    http.sink = [this](std::string_view bytes) { return take(bytes); };
    auto response = api_.send(std::move(http));
    const bool moved = offset_ > before;
    if (enough_) return attempt_of({}, moved);
    if (response) {
      if (!held_.empty()) sink_(std::exchange(held_, {}));
      return attempt_of({}, moved);
    }
    const bool not_yet = request_.wait_for_it && response.error().kind == ErrorKind::not_found;
    Attempt attempt = attempt_of(std::move(response).error(), moved);
    attempt.again = attempt.again || not_yet;
    return attempt;
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

  Attempt connect() {
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
    const bool moved = after_ > before;
    if (enough_) return attempt_of({}, moved);
    // A live stream has no end of its own: a manager that ends says good-bye like this.
    if (response) {
      return attempt_of(fail(ErrorKind::unavailable, "the manager ended the event stream"), moved);
    }
    return attempt_of(std::move(response).error(), moved);
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
  // Back to the last byte that could begin a sequence; three continuation bytes are the most that
  // may follow it.
  for (std::size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

Result<> follow_log(const Api& api, const LogRequest& request, const LogSink& sink,
                    TaskControl& control, const RetryPolicy& retry) {
  LogReader reader(api, request, sink, control);
  return keep_trying([&] { return reader.connect(); }, control, retry);
}

Result<> follow_events(const Api& api, std::string_view subject, std::int64_t after_seq,
                       const EventSink& sink, TaskControl& control, const RetryPolicy& retry) {
  EventReader reader(api, subject, after_seq, sink, control);
  return keep_trying([&] { return reader.connect(); }, control, retry);
}

}  // namespace bdaas::cli
