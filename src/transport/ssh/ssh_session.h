#pragma once
// One connection to one sshd, shared by all channels there. Belongs to the loop of SshHosts and its
// thread; nothing here blocks, but for small files and a talk with ssh-agent.
//
//   connecting ──▶ greeting ──▶ authenticating ──▶ open ──▶ closed
//       │             │               │                       ▲
//       └─────────────┴───────────────┴───────────────────────┘
//
// connecting: a socket is awaited; greeting: both agree on keys, and the host's is checked before
// anything else is said to it. Closed is the end: the next call makes another session.

#include <libssh/libssh.h>
#include <poll.h>

#include <list>
#include <span>

#include "model/ssh_login.h"
#include "transport/ssh/host_keys.h"
#include "transport/ssh/key_authentication.h"
#include "transport/ssh/ssh_channel.h"
#include "transport/ssh/tcp_dial.h"

namespace bdaas {

struct SshOptions {
  fs::path known_hosts;            // where host keys are pinned
  fs::path ssh_dir;                // of the usual keys, "~/.ssh"; empty: none
  std::string agent_socket;        // of ssh-agent; empty: none
  std::string user;                // of logins without one
  Millis connect_timeout{10'000};  // to the login, of each hop
  Millis idle_timeout{300'000};    // without a channel
  Millis silence_max{30'000};      // of a peer, though it was asked for a sign of life
  // At once on one connection, of run() and open() together; the others wait. sshd's MaxSessions is
  // 10 by default. Connections to ports are not counted.
  int programs_max = 8;

  // With $HOME/.ssh, $SSH_AUTH_SOCK and the name of who runs this.
  static SshOptions from_environment(fs::path known_hosts);
};

class SshSession {
 public:
  using Steady = std::chrono::steady_clock;
  enum class State { connecting, greeting, authenticating, open, closed };

  // The options and the file outlive it.
  SshSession(SshLogin login, const SshOptions& options, const KnownHosts& known_hosts);
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  const SshLogin& login() const { return login_; }
  State state() const { return state_; }
  const std::string& name() const { return name_; }  // "user@address:port"

  // How it gets its socket, one of them: by these addresses, or one that is connected.
  void reach(std::vector<SocketAddress> addresses);
  void reach(UniqueFd connected);

  void submit(ChannelOrder order);

  // Ends it: all channels hear the error, with name() before it.
  void close(Error error);

  // Its descriptors; the answer: when it wants a turn at the latest, though none is ready.
  Steady::time_point watch(std::vector<pollfd>& fds) const;

  // seen: what watch() appended.
  void turn(std::span<const pollfd> seen);

 private:
  struct SessionFree {
    void operator()(ssh_session session) const { ssh_free(session); }
  };
  struct EventFree {
    void operator()(ssh_event event) const { ssh_event_free(event); }
  };

  Result<> serve(Steady::time_point now);
  Result<bool> advance(Steady::time_point now);  // true: to another state
  Result<> greet(UniqueFd fd);
  Result<> set_up(const std::vector<HostKey>& known);
  Result<> check_key();
  Result<> talk(Steady::time_point now);
  Result<> step_channels(Steady::time_point now);
  Result<> look_for_life(Steady::time_point now);
  Error broken() const;
  int places_taken() const;

  const SshLogin login_;
  const SshOptions& options_;
  const KnownHosts& known_hosts_;
  const std::string name_;

  State state_ = State::connecting;
  std::optional<Error> error_;   // closed
  Steady::time_point deadline_;  // of getting open
  std::optional<TcpDial> dial_;
  UniqueFd fd_;  // connected, and not libssh's yet
  std::optional<KeyAuthentication> authentication_;
  // The event before the session: its end hands the socket back to libssh's session.
  std::unique_ptr<ssh_session_struct, SessionFree> session_;
  std::unique_ptr<ssh_event_struct, EventFree> event_;

  std::list<std::unique_ptr<SshChannel>> channels_;  // in the order of their calls
  int programs_max_;                                 // less where the peer allows less
  bool has_news_ = false;                            // something was submitted since the last turn

  ssh_counter_struct counter_{};
  std::uint64_t heard_bytes_ = 0;
  Steady::time_point heard_at_{};
  Steady::time_point asked_at_{};
  Steady::time_point used_at_{};
};

}  // namespace bdaas
