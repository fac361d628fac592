#include "transport/ssh/ssh_hosts.h"

#include <poll.h>

#include <algorithm>

#include "base/os_error.h"
#include "base/socket_pair.h"
#include "transport/ssh/remote_call.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%";

Result<> check_address(const std::string& address, std::int64_t port) {
  constexpr auto kKind = ErrorKind::invalid_argument;
  if (address.empty() || address.find_first_not_of(kNameCharacters) != address.npos) {
    return fail(kKind, "'{}' is no name or number of a host", printable(address));
  }
  if (port < 1 || port > 65'535) return fail(kKind, "{} is no TCP port", port);
  return {};
}

Result<> check_hop(const SshHop& hop) {
  BDAAS_TRY(check_address(hop.address, hop.port));
  const auto is_bad = [](char c) { return c <= ' ' || c == '@' || c == '\x7f'; };
  if (hop.user.empty() || std::any_of(hop.user.begin(), hop.user.end(), is_bad)) {
    return fail(ErrorKind::invalid_argument, "'{}' is no log-in name", printable(hop.user));
  }
  return {};
}

Result<std::string> checked_text(const std::vector<std::string>& argv) {
  if (argv.empty()) return fail(ErrorKind::invalid_argument, "no program to run was given");
  for (const auto& argument : argv) {
    if (argument.find('\0') == argument.npos) continue;
    return fail(ErrorKind::invalid_argument, "an argument of '{}' has a NUL in it",
                printable(argv.front()));
  }
  return program_text(argv);
}

std::string end_point(const SshHop& hop) {
  return fmt::format("{}@{}:{}", hop.user, hop.address, hop.port);
}

}  // namespace

SshHosts::SshHosts(SshOptions options, Log log)
    : options_(std::move(options)),
      log_(std::move(log)),
      known_hosts_(options_.known_hosts),
      thread_([this] { run_loop(); }) {}

SshHosts::~SshHosts() {
  tasks_.end();
  thread_.join();
}

Result<SshLogin> SshHosts::whole(const SshLogin& login) const {
  SshLogin result = login;
  const auto complete = [&](SshHop& hop) {
    if (hop.user.empty()) hop.user = options_.user;
    return check_hop(hop);
  };
  BDAAS_TRY(complete(result.host));
  for (auto& jump : result.jumps) BDAAS_TRY(complete(jump));
  return result;
}

Result<> SshHosts::submit(const SshLogin& login, ChannelOrder order) {
  // A task is copied, and an order has one owner.
  auto shared = std::make_shared<ChannelOrder>(std::move(order));
  const bool posted =
      tasks_.post([this, login, shared] { session_to(login)->submit(std::move(*shared)); });
  if (posted) return {};
  return fail(ErrorKind::unavailable, "SSH is being shut down here");
}

Result<Completed> SshHosts::run(const SshLogin& login, const RemoteCommand& command) {
  const auto deadline = Steady::now() + command.timeout;
  BDAAS_ASSIGN(const auto whole_login, whole(login));
  BDAAS_ASSIGN(auto text, checked_text(command.argv));
  BDAAS_ASSIGN(auto pair, make_socket_pair());
  const auto answer = std::make_shared<Answer<Completed>>();
  ChannelOrder order;
  order.target = SshProgram{std::move(text)};
  order.pair = std::move(pair.ours);
  order.is_stream = false;
  order.keep_bytes = command.keep_bytes;
  order.on_end = [answer](Result<Completed> result) { answer->give(std::move(result)); };
  const auto stage = order.stage;
  BDAAS_TRY(submit(whole_login, std::move(order)));
  return feed_and_wait(command, end_point(whole_login.host), std::move(pair.theirs), *answer,
                       *stage, deadline);
}

Result<> SshHosts::dial(const SshLogin& login, UniqueFd socket, const std::string& address,
                        std::int64_t port, Millis timeout) {
  const auto deadline = Steady::now() + timeout;
  BDAAS_ASSIGN(const auto whole_login, whole(login));
  BDAAS_TRY(check_address(address, port));
  const auto answer = std::make_shared<Answer<void>>();
  ChannelOrder order;
  order.target = SshPort{address, static_cast<int>(port)};
  order.pair = std::move(socket);
  order.on_open = [answer](Result<> result) { answer->give(std::move(result)); };
  const auto stage = order.stage;
  BDAAS_TRY(submit(whole_login, std::move(order)));
  auto opened = answer->wait_until(deadline);
  if (!opened) {
    return too_late(end_point(whole_login.host), stage->load(), fmt::format("{}:{}", address, port),
                    timeout);
  }
  return *std::move(opened);
}

Result<UniqueFd> SshHosts::open(const SshLogin& login, const std::vector<std::string>& argv) {
  BDAAS_ASSIGN(const auto whole_login, whole(login));
  BDAAS_ASSIGN(auto text, checked_text(argv));
  BDAAS_ASSIGN(auto pair, make_socket_pair());
  ChannelOrder order;
  order.target = SshProgram{std::move(text)};
  order.pair = std::move(pair.ours);
  const auto who = end_point(whole_login.host);
  order.on_end = [this, who, program = argv.front()](const Result<Completed>& result) {
    if (!result) {
      log_.info("{}: the dialogue with '{}' ended: {}", who, program, result.error().message);
    } else if (result->exit_code != 0) {
      log_.info("{}: '{}' ended with exit code {}: {}", who, program, result->exit_code,
                last_lines(result->err, 5));
    }
  };
  BDAAS_TRY(submit(whole_login, std::move(order)));
  return std::move(pair.theirs);
}

std::shared_ptr<SshSession> SshHosts::session_to(const SshLogin& login) {
  auto& session = sessions_[login];
  if (session && session->state() != SshSession::State::closed) return session;
  session = std::make_shared<SshSession>(login, options_, known_hosts_);
  const auto made = session;  // what follows may add others to the map
  if (login.jumps.empty()) {
    reach(made);
  } else {
    reach_through_jump(made);
  }
  return made;
}

void SshHosts::reach(const std::shared_ptr<SshSession>& session) {
  const std::weak_ptr<SshSession> weak = session;
  const auto& host = session->login().host;
  resolver_.resolve(host.address, host.port, [this, weak](NameResolver::Addresses found) {
    tasks_.post([weak, found = std::move(found)] {
      const auto waiting = weak.lock();
      if (!waiting) return;
      if (found) {
        waiting->reach(*found);
      } else {
        waiting->close(found.error());
      }
    });
  });
}

// The connection is one to a port, as the jump sees it. The handshake may begin before that is
// open: the pair keeps what is said meanwhile.
void SshHosts::reach_through_jump(const std::shared_ptr<SshSession>& session) {
  SshLogin jump = session->login();
  const SshHop host = std::exchange(jump.host, jump.jumps.back());
  jump.jumps.pop_back();
  auto pair = make_socket_pair();
  if (!pair) return session->close(std::move(pair).error());
  ChannelOrder order;
  order.target = SshPort{host.address, static_cast<int>(host.port)};
  order.pair = std::move(pair->ours);
  order.on_open = [weak = std::weak_ptr(session)](const Result<>& opened) {
    const auto waiting = weak.lock();
    if (!waiting || opened) return;
    auto error = opened.error();
    waiting->close(std::move(error).context("its jump host"));
  };
  session->reach(std::move(pair->theirs));
  session_to(jump)->submit(std::move(order));
}

void SshHosts::run_loop() {
  while (tasks_.run()) {
    std::erase_if(sessions_,
                  [](const auto& one) { return one.second->state() == SshSession::State::closed; });
    poll_once();
  }
  for (auto& [login, session] : sessions_) {
    session->close(fail(ErrorKind::cancelled, "SSH was shut down here"));
  }
  sessions_.clear();
}

void SshHosts::poll_once() {
  struct Watched {
    std::shared_ptr<SshSession> session;
    std::size_t begin;
    std::size_t end;
    Steady::time_point due;
  };
  std::vector<pollfd> fds{tasks_.watch()};
  std::vector<Watched> watched;
  auto until = Steady::time_point::max();
  for (const auto& [login, session] : sessions_) {
    const auto begin = fds.size();
    const auto due = session->watch(fds);
    watched.push_back({session, begin, fds.size(), due});
    until = std::min(until, due);
  }
  int timeout_ms = -1;
  const auto now = Steady::now();
  if (until != Steady::time_point::max()) {
    const auto left = until <= now ? 0 : std::chrono::ceil<Millis>(until - now).count();
    timeout_ms = static_cast<int>(std::clamp<long long>(left, 0, 60'000));
  }
  ::poll(fds.data(), fds.size(), timeout_ms);
  tasks_.polled(fds[0].revents);

  const auto after = Steady::now();
  for (const auto& [session, begin, end, due] : watched) {
    const auto seen = std::span(fds).subspan(begin, end - begin);
    const bool ready =
        std::any_of(seen.begin(), seen.end(), [](const pollfd& one) { return one.revents != 0; });
    if (!ready && after < due) continue;
    const auto before = session->state();
    session->turn(seen);
    if (before != SshSession::State::open && session->state() == SshSession::State::open) {
      log_.debug("{}: connected", session->name());
    }
  }
}

}  // namespace bdaas
