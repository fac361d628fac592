#pragma once
// HTTP/1.1 requests on libcurl. Connections are kept alive and used again.
//
// What an error means (its kind):
//   unavailable        nobody answered, and nothing was done: refused, unresolvable, not connected
//                      in time; and a connection that broke under a reading request (GET, HEAD)
//   unknown_outcome    a changing request was sent, at least in part, and no answer came: neither
//                      before the connection broke nor before the deadline
//   deadline_exceeded  the deadline of a reading request, or a silence in it that was too long
//   cancelled          by request.cancel
//   resource_exhausted the answer is larger than allowed
//   invalid_argument   the request cannot be written down: a bad address, a line break in a header
//   corrupted          the answer is not HTTP
// An answer of any status is not an error. The process must ignore SIGPIPE.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

struct HttpHeader {
  std::string name;
  std::string value;
};

// Fills some of the buffer, returns how much; 0 is the end. An error ends the request with that
// error.
using BodySource = std::function<Result<std::size_t>(std::span<char> buffer)>;
// An error ends the request with that error.
using BodySink = std::function<Result<>(std::string_view bytes)>;
// Joins a connected, non-blocking stream socket with a server at a numeric address, in another way
// than over this computer's network: through a channel of an SSH connection, say. Blocking, within
// the time-out; on an error the socket is closed.
using Dial = std::function<Result<>(UniqueFd socket, const std::string& address, std::uint16_t port,
                                    Millis timeout)>;
// Host names and the numeric addresses to connect to, for names that no resolver knows.
struct HostMap {
  std::map<std::string, std::string> addresses;
  Dial dial;  // empty: as usual
};

struct HttpResponse;
struct Url;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers;
  std::string body;
  BodySource source;                          // instead of body
  std::optional<std::uint64_t> source_bytes;  // exactly so many; absent: sent chunked
  BodySink sink;  // takes the body of a 2xx answer instead of HttpResponse::body
  // Status and headers of a 2xx answer, once, before the sink gets its first bytes.
  std::function<void(const HttpResponse& head)> on_head;
  Millis timeout{30'000};  // of the whole request
  Millis connect_timeout{5'000};
  Millis silence_max{0};  // while no byte comes or goes; 0: only the timeout counts
  std::uint64_t response_bytes_max = 16u << 20;  // of HttpResponse::body
  int redirects_max = 0;                         // followed for GET and HEAD only
  std::shared_ptr<const HostMap> hosts;
  const std::atomic<bool>* cancel = nullptr;  // noticed within 30 ms; not while HostMap::dial runs
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  std::optional<std::string_view> header(std::string_view name) const;  // any case; the first one
};

struct HttpClientOptions {
  std::size_t idle_connections_max = 32;
  std::size_t buffer_bytes = 256 * 1024;  // per direction and running request
  std::string user_agent = "bdaas";
  // Where sockets are made for the moment in which HostMap::dial connects.
  std::filesystem::path gates = std::filesystem::temp_directory_path();
};

// Thread-safe; as many requests at once as threads ask for.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Blocking; ends within request.timeout and a moment. A POST or PATCH always gets a connection of
  // its own: on a kept one that the server just closed libcurl would send it a second time.
  Result<HttpResponse> send(const HttpRequest& request);

 private:
  class Pool;
  Result<HttpResponse> send_once(const HttpRequest& request, const Url& url);

  HttpClientOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace bdaas
