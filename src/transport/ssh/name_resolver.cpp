#include "transport/ssh/name_resolver.h"

#include <cstring>
#include <optional>

#include "base/os_error.h"

namespace bdaas {

namespace {

// Nothing: it is not a number, and AI_NUMERICHOST was wanted.
std::optional<NameResolver::Addresses> look_up(const std::string& name, std::int64_t port,
                                               int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (code == EAI_NONAME && (flags & AI_NUMERICHOST) != 0) return std::nullopt;
  if (code != 0) {
    return fail(ErrorKind::unavailable, "the name '{}' has no address: {}", printable(name),
                ::gai_strerror(code));
  }
  std::vector<SocketAddress> found;
  for (const auto* one = list; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    address.length = one->ai_addrlen;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    found.push_back(address);
  }
  ::freeaddrinfo(list);
  return found;
}

}  // namespace

NameResolver::~NameResolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void NameResolver::resolve(const std::string& name, std::int64_t port, Done done) {
  auto number = look_up(name, port, AI_NUMERICHOST);
  if (number) return done(std::move(*number));
  const std::lock_guard lock(mutex_);
  questions_.push_back({name, port, std::move(done)});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void NameResolver::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const auto question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    question.done(*look_up(question.name, question.port, 0));
    lock.lock();
  }
}

}  // namespace bdaas
