#pragma once
// Addresses of names, without blocking who asks: getaddrinfo(3) runs on a thread of the resolver's
// own, one name after the other, started at the first name. Numbers need no thread.

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace bdaas {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

class NameResolver {
 public:
  using Addresses = Result<std::vector<SocketAddress>>;
  using Done = std::function<void(Addresses)>;  // unavailable: the name has no address

  NameResolver() = default;
  ~NameResolver();  // waits for the question that is under way; the others are dropped

  // `done` is called once: at once for a number, else on the resolver's thread.
  void resolve(const std::string& name, std::int64_t port, Done done);

 private:
  struct Question {
    std::string name;
    std::int64_t port;
    Done done;
  };
  void run();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bdaas
