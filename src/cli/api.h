#pragma once
// Talks to one manager over the public HTTP API (docs/api.md). Thread-safe.

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "base/json.h"
#include "base/secret.h"
#include "net/http_client.h"

namespace bdaas::cli {

// Long enough for any stream; a stream that ends earlier is opened again by its reader.
inline constexpr Millis kStreamTimeout = std::chrono::hours(24);

// Of one question to the manager, but for streams and for those who cannot wait so long.
inline constexpr Millis kAnswerTimeout = std::chrono::seconds(30);

struct Endpoint {
  std::string base_url;  // "http://127.0.0.1:4711"
  Secret<std::string> token;
};

// Where the manager is now, started when none runs. stop: ends the search early.
using FindManager = std::function<Result<Endpoint>(const std::atomic<bool>& stop)>;

class Api {
 public:
  // find_manager: for find_again(); called from whichever thread asks for that.
  explicit Api(Endpoint endpoint, FindManager find_manager = {})
      : endpoint_(std::move(endpoint)), find_manager_(std::move(find_manager)) {}

  void move_to(Endpoint endpoint);

  // The manager may have died: goes on with the one that serves the same rows now. True: at another
  // address than before. False: the same one lives, or none is found.
  bool find_again(const std::atomic<bool>& stop);

  // An answer that is not 2xx is an Error with the manager's own kind and message.
  // cancel: ends the call early when it becomes true. timeout: of the whole call.
  using Cancel = const std::atomic<bool>*;
  Result<json::value> get(std::string_view path, Cancel cancel = nullptr) const {
    return call("GET", path, nullptr, cancel, kAnswerTimeout);
  }
  Result<json::value> post(std::string_view path, const json::value& body = nullptr,
                           Cancel cancel = nullptr, Millis timeout = kAnswerTimeout) const {
    return call("POST", path, body, cancel, timeout);
  }
  Result<> remove(std::string_view path) const;

  std::string base_url() const;

  // The items of a list, all its pages.
  Result<json::array> list(std::string_view path, Cancel cancel = nullptr) const;

  // request.url holds the path only. Adds address and token; refuses answers that are not 2xx as
  // above.
  Result<HttpResponse> send(HttpRequest request) const;

 private:
  Result<json::value> call(std::string_view method, std::string_view path, const json::value& body,
                           Cancel cancel, Millis timeout) const;

  mutable std::mutex mutex_;
  Endpoint endpoint_;  // guarded by mutex_
  FindManager find_manager_;
  mutable HttpClient client_;
};

// The error in an answer's body, or one made from its status.
Error error_of(const HttpResponse& response);

}  // namespace bdaas::cli
