#pragma once
// HTTP as the handlers see it: plain values, and two small interfaces for bodies that are too long
// to hold. The server that speaks it on a socket is http_server.h; nothing here knows which library
// that is.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace bdaas::api {

using HttpHeader = std::pair<std::string, std::string>;

struct HttpRequest {
  std::string method;               // as sent: "GET"
  std::string path;                 // as sent, percent-encoded, begins with '/'
  std::string query;                // as sent, without '?'
  std::vector<HttpHeader> headers;  // names in lower case, in the order they came
  std::string body;                 // empty when it goes to a BodySink

  // The first of that name (lower case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

// What a BodySource has to give at the moment.
struct BodyPiece {
  std::string bytes;  // empty and not the end: nothing now; ask again after the wake-up
  bool end = false;   // nothing follows `bytes`
  bool broken =
      false;  // it cannot go on: the connection is cut, so that the client sees it is not whole
};

// A response body that comes piece by piece. Its functions are called one at a time, on pool
// threads.
class BodySource {
 public:
  virtual ~BodySource() = default;

  // Never waits for something to happen; gives some 256 KiB at most.
  virtual BodyPiece pull() = 0;

  // Called once, before the first pull(), for sources that may have nothing at the moment: `wake`
  // may be called from any thread and must be called whenever a pull() that gave nothing would now
  // give something. After the destructor has returned it must not be called any more.
  virtual void on_wake(std::function<void()> wake) { static_cast<void>(wake); }

  // Sent when nothing came for HttpLimits::heartbeat, to keep the connection; empty: nothing is
  // sent.
  virtual std::string_view heartbeat() const { return {}; }
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpHeader> headers;  // without Content-Length and the connection's own
  std::string body;                 // used when there is no source
  std::unique_ptr<BodySource> source;
  std::optional<std::uint64_t> length;  // of what the source gives; none: chunked
};

// Takes a request body as it arrives. One call at a time, on pool threads. Destroyed without
// finish(): it broke off.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // A response: refuses the rest, which is not read any more.
  virtual std::optional<HttpResponse> write(std::string_view bytes) = 0;
  virtual HttpResponse finish() = 0;  // the body is whole
};

// Quick work has threads of its own, so that calls that take seconds never hold it up; so have
// calls to servers that may not answer at all.
enum class Lane { quick, slow, far };

// How the service wants one request to go on, judged by its head.
struct Admission {
  Lane lane = Lane::quick;
  std::uint64_t max_body_bytes = 0;  // a longer body is refused with 413
  // Called with the whole body in request.body.
  std::function<HttpResponse(const HttpRequest&)> answer;
  // Instead of `answer`: called before the body is read; a response refuses it.
  std::function<std::variant<HttpResponse, std::unique_ptr<BodySink>>(const HttpRequest&)> open;
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // On the I/O thread: quick, no files, no store. A response is sent without reading the body.
  virtual std::variant<HttpResponse, Admission> admit(const HttpRequest& head) = 0;
  // The body of an error of the transport itself (400, 408, 413, 431, 500, …).
  virtual HttpResponse refuse(int status, std::string_view sentence) = 0;
  // The last touch to every response, on the I/O thread.
  virtual void seal(const HttpRequest& request, HttpResponse& response) = 0;
};

}  // namespace bdaas::api
