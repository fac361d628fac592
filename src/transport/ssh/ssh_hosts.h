#pragma once
// RemoteHosts over libssh: all connections in one poll loop on a thread of its own, however many
// machines there are. What a connection is, and how long it lives: transport/ssh/ssh_session.h.
//
// The process must ignore SIGPIPE: libssh writes to ssh-agent without care for it. A login without
// a user means options.user. Names of first hops are looked up beside the loop. run(): a program
// whose time is over gets SIGTERM, two seconds later SIGKILL; one that has ended is not waited for
// because of a child that keeps its stdout open. open(): when the caller closes its end, the
// program gets the end of its stdin, then, two seconds later, the same; the tail of its stderr goes
// to the log when it fails.

#include <map>
#include <thread>

#include "base/log.h"
#include "model/remote_hosts.h"
#include "transport/loop_tasks.h"
#include "transport/ssh/name_resolver.h"
#include "transport/ssh/ssh_session.h"

namespace bdaas {

class SshHosts final : public RemoteHosts {
 public:
  explicit SshHosts(SshOptions options, Log log = {});
  // Ends the thread; all connections are closed, and calls that are under way are cancelled. A look
  // up of a name that is under way is waited for.
  ~SshHosts() override;

  Result<Completed> run(const SshLogin& login, const RemoteCommand& command) override;
  Result<> dial(const SshLogin& login, UniqueFd socket, const std::string& address,
                std::int64_t port, Millis timeout) override;
  Result<UniqueFd> open(const SshLogin& login, const std::vector<std::string>& argv) override;

 private:
  using Steady = std::chrono::steady_clock;

  Result<SshLogin> whole(const SshLogin& login) const;
  Result<> submit(const SshLogin& login, ChannelOrder order);

  // The rest: the loop's thread only.
  void run_loop();
  void poll_once();
  std::shared_ptr<SshSession> session_to(const SshLogin& login);
  void reach(const std::shared_ptr<SshSession>& session);
  void reach_through_jump(const std::shared_ptr<SshSession>& session);

  const SshOptions options_;
  const Log log_;
  const KnownHosts known_hosts_;
  LoopTasks tasks_;

  std::map<SshLogin, std::shared_ptr<SshSession>> sessions_;  // the loop's
  NameResolver resolver_;
  std::thread thread_;
};

}  // namespace bdaas
