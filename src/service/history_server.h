#pragma once
// The manager's one Spark History Server: a child that begins with the first visit of its pages,
// ends after a time without visits, and dies with the manager. Thread-safe.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "base/log.h"
#include "model/engine.h"
#include "net/http_client.h"

namespace bdaas {

struct HistoryServerOptions {
  fs::path dir;   // its own: configuration, scratch; absolute
  fs::path logs;  // of the event logs it shows; absolute
  std::string place;
  Millis idle{10 * 60'000};
  Millis start_deadline{90'000};
};

class HistoryServer {
 public:
  // `release` says what it is started from.
  HistoryServer(HistoryServerOptions options, std::function<Result<ReleaseFacts>()> release,
                std::shared_ptr<HttpClient> client, Log log);
  ~HistoryServer();  // ends the child

  // Where it answers: "http://127.0.0.1:port". Starts it when none runs, and waits until it does.
  // unavailable: it ended, or was stopped.
  Result<std::string> url();

  // For good: ends the child soon, and every url() that waits for it.
  void stop();

 private:
  Result<> begin();
  void live(std::vector<std::string> argv, std::map<std::string, std::string> env);
  void end_when_idle();
  bool answers(std::int64_t port) const;

  const HistoryServerOptions options_;
  const std::function<Result<ReleaseFacts>()> release_;
  const std::shared_ptr<HttpClient> client_;
  const Log log_;
  std::atomic<bool> end_child_ = false;
  std::atomic<bool> stopping_ = false;  // written under mutex_

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool alive_ = false;    // its thread is at work
  bool running_ = false;  // so is the child
  bool ready_ = false;
  std::int64_t port_ = 0;
  std::string said_;  // its last words, when it ended by itself
  std::chrono::steady_clock::time_point used_at_;
  std::thread runner_;
};

}  // namespace bdaas
