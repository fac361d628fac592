#pragma once
// HTTP/1.1 on a loopback socket: one I/O thread and a few pool threads, however many clients there
// are. A body in either direction passes in pieces, so memory does not grow with it; a client that
// waits for news costs no thread.

#include <memory>
#include <string>

#include "api/http.h"
#include "base/log.h"

namespace bdaas::api {

struct HttpLimits {
  Millis idle{75'000};  // between requests of one connection
  Millis head{10'000};  // from the first byte of a request to the end of its headers
  Millis body{30'000};  // without a single byte of the body; also without the client taking one
  Millis small_body{30'000};  // for the whole of a body that is held in memory
  Millis heartbeat{15'000};   // see BodySource::heartbeat()
  Millis stop_grace{2'000};   // for answers under way when the server stops
  std::size_t head_bytes = 16 * 1024;
  std::size_t connections = 2'000;  // one more gets 503
};

struct HttpOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 0;  // 0: the system chooses
  int quick_threads = 2;
  int slow_threads = 4;
  int far_threads = 8;  // a browser asks for six files at once
  HttpLimits limits;
  Log log;  // failures that no client hears of
};

// Start and stop from one thread. The service must outlive it.
class HttpServer {
 public:
  // unavailable when the address cannot be listened on.
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, HttpService& service);
  ~HttpServer();  // stops

  unsigned short port() const;

  // Takes no more connections, ends those that wait, gives the others `stop_grace`; what has begun
  // by then is waited for, what has not is dropped. Idempotent.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bdaas::api
