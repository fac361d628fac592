#pragma once
// Fetches of releases that are under way. One thread fetches one release, whoever asks; everybody
// who asks hears all its lines from the first on. A client that goes away does not end a fetch.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/releases.h"

namespace bdaas::api {

// One fetch. Thread-safe.
class ReleaseFetch {
 public:
  struct News {
    std::vector<std::string> lines;  // behind those already heard
    bool ended = false;              // nothing follows these lines; then `outcome` holds
    Result<> outcome;
  };
  News news_after(std::size_t heard) const;

  // `wake` is called on news until forget(); it must not block. One listener has one key.
  void listen(const void* key, std::function<void()> wake);
  void forget(const void* key);

 private:
  friend class ReleaseFetches;
  void add(std::string_view line);
  void end(Result<> outcome);

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_, as all below
  bool ended_ = false;
  Result<> outcome_;
  std::map<const void*, std::function<void()>> wakes_;
};

// Thread-safe.
class ReleaseFetches {
 public:
  explicit ReleaseFetches(Releases& releases) : releases_(releases) {}
  ~ReleaseFetches();  // ends fetches under way

  // The fetch under way, or a new one.
  std::shared_ptr<ReleaseFetch> start(const std::string& name);

 private:
  struct Running {
    std::shared_ptr<ReleaseFetch> fetch;
    std::thread thread;
  };

  Releases& releases_;
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::map<std::string, Running> running_;  // guarded by mutex_; the last of each name
};

}  // namespace bdaas::api
