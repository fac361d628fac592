#include "transport/link_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

// An event's own weight, so that many empty ones count too.
constexpr std::size_t kEventBytes = 256;

}  // namespace

struct LinkLoop::Watched {
  NodeId node;
  pollfd fd;
};

LinkLoop::LinkLoop(Dial dial, Entropy& entropy, LinkLimits limits)
    : dial_(std::move(dial)),
      entropy_(entropy),
      limits_(limits),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

LinkLoop::~LinkLoop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_loop();
  thread_.join();
}

void LinkLoop::wake_loop() const {
  // Fails only when the counter is full, and then it is awake.
  [[maybe_unused]] const int woken = ::eventfd_write(wake_fd_.get(), 1);
}

void LinkLoop::open(const NodeId& node, const Machine& machine) {
  {
    const std::lock_guard lock(mutex_);
    auto [at, added] = links_.try_emplace(node);
    if (!added && at->second.machine.dir == machine.dir) return;
    if (!added) hang_up(node, at->second, "the node has another machine");
    at->second.machine = machine;
    at->second.next_dial = {};
  }
  wake_loop();
}

void LinkLoop::close(const NodeId& node) {
  {
    const std::lock_guard lock(mutex_);
    links_.erase(node);  // the loop looks its links up again after every poll
  }
  wake_loop();  // a poll that goes on would keep the closed socket open
}

bool LinkLoop::send(const NodeId& node, const Order& order) {
  const auto line = write_order(order);
  {
    const std::lock_guard lock(mutex_);
    const auto at = links_.find(node);
    if (at == links_.end() || !at->second.up || line.size() > kMaxMessageBytes) return false;
    auto& link = at->second;
    if (link.out.size() - link.sent + line.size() > limits_.unsent_bytes_max) return false;
    link.out += line;
  }
  wake_loop();
  return true;
}

std::vector<LinkEvent> LinkLoop::drain() {
  std::vector<LinkEvent> taken;
  bool was_full = false;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(events_);
    was_full = std::exchange(event_bytes_, 0) >= limits_.undrained_bytes_max;
  }
  if (was_full) wake_loop();
  return taken;
}

void LinkLoop::on_event(std::function<void()> wake) {
  const std::lock_guard lock(wake_mutex_);
  wake_ = std::move(wake);
}

void LinkLoop::tell() {
  const std::lock_guard lock(wake_mutex_);
  if (wake_) wake_();
}

void LinkLoop::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    for (const auto& [node, machine] : due(Steady::now())) {
      lock.unlock();
      auto dialled = dial_(machine);
      lock.lock();
      take_dialled(node, machine, std::move(dialled));
    }
    Steady::time_point until = Steady::time_point::max();
    const auto watched_links = watched(until);
    const bool news = std::exchange(news_, false);
    lock.unlock();
    if (news) tell();

    std::vector<pollfd> fds{{wake_fd_.get(), POLLIN, 0}};
    for (const auto& one : watched_links) fds.push_back(one.fd);
    int timeout_ms = -1;
    if (until != Steady::time_point::max()) {
      const auto left = std::chrono::ceil<Millis>(until - Steady::now()).count();
      timeout_ms = static_cast<int>(std::clamp<long long>(left, 0, 60'000));
    }
    const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
    eventfd_t count = 0;
    if (fds[0].revents != 0) ::eventfd_read(wake_fd_.get(), &count);

    lock.lock();
    for (std::size_t i = 1; ready > 0 && i < fds.size(); ++i) {
      const auto at = links_.find(watched_links[i - 1].node);
      if (fds[i].revents == 0 || at == links_.end() || at->second.fd.get() != fds[i].fd) continue;
      serve(at->first, at->second, fds[i].revents);
    }
  }
}

std::vector<std::pair<NodeId, Machine>> LinkLoop::due(Steady::time_point now) {
  std::vector<std::pair<NodeId, Machine>> due;
  for (auto& [node, link] : links_) {
    if (!link.fd.valid() && now >= link.next_dial) due.emplace_back(node, link.machine);
    if (link.fd.valid() && !link.up && now >= link.connected_at + limits_.hello_time) {
      hang_up(node, link, "it does not say hello");
    }
  }
  return due;
}

void LinkLoop::take_dialled(const NodeId& node, const Machine& machine, Result<UniqueFd> dialled) {
  const auto at = links_.find(node);
  if (at == links_.end() || at->second.machine.dir != machine.dir) return;  // not wanted any more
  if (!dialled) return hang_up(node, at->second, dialled.error().message);
  at->second.connected_at = Steady::now();
  at->second.fd = std::move(*dialled);
}

std::vector<LinkLoop::Watched> LinkLoop::watched(Steady::time_point& until) const {
  std::vector<Watched> found;
  const bool full = event_bytes_ >= limits_.undrained_bytes_max;
  for (const auto& [node, link] : links_) {
    if (!link.fd.valid()) {
      until = std::min(until, link.next_dial);
      continue;
    }
    if (!link.up) until = std::min(until, link.connected_at + limits_.hello_time);
    short events = full ? 0 : POLLIN;
    if (link.sent < link.out.size()) events |= POLLOUT;
    if (events != 0) found.push_back({node, {link.fd.get(), events, 0}});
  }
  return found;
}

void LinkLoop::serve(const NodeId& node, Link& link, short ready) {
  if ((ready & POLLOUT) != 0) flush(node, link);
  if (link.fd.valid() && (ready & (POLLIN | POLLHUP | POLLERR)) != 0) receive(node, link);
}

void LinkLoop::receive(const NodeId& node, Link& link) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t got = ::recv(link.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0) return hang_up(node, link, "the agent hung up");
  if (got < 0) return hang_up(node, link, os_error(errno, "the link broke").message);
  auto taken = link.in.append({buffer.data(), static_cast<std::size_t>(got)});
  while (taken) {
    const auto line = link.in.next();
    if (!line) return;
    taken = take_line(node, link, *line);
  }
  hang_up(node, link, taken.error().message);
}

Result<> LinkLoop::take_line(const NodeId& node, Link& link, std::string_view line) {
  BDAAS_ASSIGN(auto report, read_report(line).context("the agent sent no report"));
  auto* hello = std::get_if<Hello>(&report);
  if (link.up == (hello != nullptr)) {
    return fail(ErrorKind::corrupted, "the agent must say hello first and once");
  }
  if (hello == nullptr) {
    add_event(LinkReport{node, std::move(report)}, line.size());
    return {};
  }
  if (hello->node != node || hello->protocol != kAgentProtocol) {
    return fail(ErrorKind::conflict, "the agent is that of node {}, protocol {}, not of {}, {}",
                printable(hello->node.text), hello->protocol, node.text, kAgentProtocol);
  }
  link.up = true;
  add_event(LinkUp{node, std::move(*hello)}, line.size());
  return {};
}

void LinkLoop::flush(const NodeId& node, Link& link) {
  while (link.sent < link.out.size()) {
    const ssize_t sent = ::send(link.fd.get(), link.out.data() + link.sent,
                                link.out.size() - link.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return hang_up(node, link, os_error(errno, "the link broke").message);
    link.sent += static_cast<std::size_t>(sent);
  }
  if (link.sent < link.out.size() / 2) return;
  link.out.erase(0, link.sent);
  link.sent = 0;
  if (link.out.empty()) link.out.shrink_to_fit();
}

void LinkLoop::hang_up(const NodeId& node, Link& link, const std::string& why) {
  const auto now = Steady::now();
  const bool steady = link.up && now >= link.connected_at + limits_.steady_after;
  link.backoff = steady || link.backoff == Millis{0}
                     ? limits_.first_backoff
                     : std::min(link.backoff * 2, limits_.last_backoff);
  // Between three quarters and five quarters: many agents that died together are not dialled
  // together.
  const auto jitter = 75 + static_cast<int>(entropy_.next() % 51);
  link.next_dial = now + link.backoff * jitter / 100;
  if (link.up) add_event(LinkDown{node, why}, why.size());
  link.up = false;
  link.fd.reset();
  link.in = LineBuffer(kMaxMessageBytes);
  link.out = {};
  link.sent = 0;
}

void LinkLoop::add_event(LinkEvent event, std::size_t bytes) {
  events_.push_back(std::move(event));
  event_bytes_ += bytes + kEventBytes;
  news_ = true;
}

}  // namespace bdaas
