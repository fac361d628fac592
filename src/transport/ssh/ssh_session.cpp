#include "transport/ssh/ssh_session.h"

#include <fcntl.h>
#include <libssh/server.h>  // of which only ssh_send_keepalive() is used; clients may, too
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/os_error.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kCiphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes128-ctr,aes192-ctr,aes256-ctr";
constexpr int kReadsMax = 128;  // of 4 KiB each, libssh's own step; then others have their turn

std::string name_of(const SshHop& hop) {
  const bool is_ipv6 = hop.address.find(':') != hop.address.npos;
  return fmt::format("{}@{}{}{}:{}", hop.user, is_ipv6 ? "[" : "", hop.address, is_ipv6 ? "]" : "",
                     hop.port);
}

}  // namespace

SshOptions SshOptions::from_environment(fs::path known_hosts) {
  SshOptions options;
  options.known_hosts = std::move(known_hosts);
  std::array<char, 16 * 1024> buffer;
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) options.user = found->pw_name;
  const char* home = std::getenv("HOME");
  if (home == nullptr && found != nullptr) home = found->pw_dir;
  if (home != nullptr) options.ssh_dir = fs::path(home) / ".ssh";
  if (const char* agent = std::getenv("SSH_AUTH_SOCK")) options.agent_socket = agent;
  return options;
}

SshSession::SshSession(SshLogin login, const SshOptions& options, const KnownHosts& known_hosts)
    : login_(std::move(login)),
      options_(options),
      known_hosts_(known_hosts),
      name_(name_of(login_.host)),
      deadline_(Steady::now() + options.connect_timeout * (1 + login_.jumps.size())),
      programs_max_(options.programs_max),
      used_at_(Steady::now()) {}

SshSession::~SshSession() {
  if (state_ != State::closed) close(fail(ErrorKind::cancelled, "the connection was given up"));
}

void SshSession::reach(std::vector<SocketAddress> addresses) {
  if (state_ != State::connecting) return;
  dial_.emplace(std::move(addresses), deadline_);
  has_news_ = true;
}

void SshSession::reach(UniqueFd connected) {
  if (state_ != State::connecting) return;
  if (auto greeted = greet(std::move(connected)); !greeted) close(std::move(greeted).error());
  has_news_ = true;
}

void SshSession::submit(ChannelOrder order) {
  channels_.push_back(std::make_unique<SshChannel>(std::move(order), name_));
  has_news_ = true;
  if (state_ != State::closed) return;
  channels_.back()->fail_with(*error_, true);
  channels_.pop_back();
}

void SshSession::close(Error error) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  error_ = std::move(error).context(name_);
  for (auto& channel : channels_) channel->fail_with(*error_, true);
  channels_.clear();
  dial_.reset();
  event_.reset();
  session_.reset();
  fd_.reset();
}

int SshSession::places_taken() const {
  return static_cast<int>(std::count_if(channels_.begin(), channels_.end(),
                                        [](const auto& one) { return one->takes_a_place(); }));
}

Steady::time_point SshSession::watch(std::vector<pollfd>& fds) const {
  if (state_ == State::closed) return Steady::time_point::max();
  pollfd own{-1, 0, 0};
  auto until = state_ == State::open ? Steady::time_point::max() : deadline_;
  bool congested = false;
  if (session_) {
    const int flags = ssh_get_poll_flags(session_.get());
    const bool writes = (flags & SSH_WRITE_PENDING) != 0;
    own = {ssh_get_fd(session_.get()), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
    congested = (ssh_get_status(session_.get()) & SSH_WRITE_PENDING) != 0;
  } else if (dial_) {
    own = {dial_->fd(), POLLOUT, 0};
    until = std::min(until, dial_->until());
  }
  fds.push_back(own);
  for (const auto& channel : channels_) {
    fds.push_back(channel->watch(congested));
    until = std::min(until, channel->until());
  }
  if (state_ == State::open) {
    until = std::min(until, std::max(heard_at_, asked_at_) + options_.silence_max / 3);
    if (channels_.empty()) until = std::min(until, used_at_ + options_.idle_timeout);
  }
  return has_news_ ? Steady::time_point::min() : until;
}

void SshSession::turn(std::span<const pollfd> seen) {
  has_news_ = false;
  auto at = channels_.begin();
  for (std::size_t i = 1; i < seen.size() && at != channels_.end(); ++i, ++at) {
    (*at)->see(seen[i].revents);
  }
  if (auto served = serve(Steady::now()); !served) close(std::move(served).error());
}

Result<> SshSession::serve(Steady::time_point now) {
  for (bool advanced = true; advanced && state_ != State::open;) {
    if (state_ == State::closed) return {};
    BDAAS_ASSIGN(advanced, advance(now));
  }
  if (state_ == State::open) return talk(now);
  if (now >= deadline_) {
    return fail(ErrorKind::unavailable, "no login within {}: {}",
                human_duration(options_.connect_timeout),
                session_ ? "the other side does not answer in time" : "it cannot be reached");
  }
  // Calls that nobody waits for any more.
  for (auto& channel : channels_) channel->step(nullptr, now);
  std::erase_if(channels_, [](const auto& one) { return one->stage() == SshChannel::Stage::done; });
  return {};
}

Result<bool> SshSession::advance(Steady::time_point now) {
  if (state_ == State::connecting) {
    if (!dial_) return false;
    auto dialled = dial_->step(now);
    if (!dialled) return false;
    BDAAS_ASSIGN(auto fd, std::move(*dialled));
    dial_.reset();
    BDAAS_TRY(greet(std::move(fd)));
    return true;
  }
  if (state_ == State::greeting) {
    if (fd_.valid()) {
      // From here on libssh closes it, with the session or when it breaks.
      const int socket = fd_.release();
      ssh_options_set(session_.get(), SSH_OPTIONS_FD, &socket);
    }
    const int code = ssh_connect(session_.get());
    const int fd = ssh_get_fd(session_.get());
    // libssh makes it a blocking one when it finds it connected, and would wait in send(2) then.
    if (fd >= 0) ::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    if (code == SSH_AGAIN) return false;
    if (code != SSH_OK) return broken();
    BDAAS_TRY(check_key());
    state_ = State::authenticating;
    return true;
  }
  BDAAS_ASSIGN(const bool logged_in, authentication_->step(session_.get()));
  if (!logged_in) return false;
  event_.reset(ssh_event_new());
  if (!event_ || ssh_event_add_session(event_.get(), session_.get()) != SSH_OK) return broken();
  authentication_.reset();
  heard_at_ = used_at_ = now;
  state_ = State::open;
  return true;
}

Result<> SshSession::greet(UniqueFd fd) {
  std::vector<HostKey> known;
  if (login_.host.host_key.empty()) {
    BDAAS_ASSIGN(known, known_hosts_.find(pin_name(login_)));
  } else if (auto key = parse_host_key(login_.host.host_key)) {
    known.push_back(std::move(*key));
  }
  PrivateKeys keys;
  if (!login_.key_file.empty()) {
    BDAAS_ASSIGN(auto key, load_private_key(login_.key_file));
    keys.keys.push_back(std::move(key));
  } else if (!options_.ssh_dir.empty()) {
    keys = load_usual_keys(options_.ssh_dir);
  }
  authentication_.emplace(std::move(keys),
                          login_.key_file.empty() ? options_.agent_socket : std::string(),
                          login_.host.user + "@" + login_.host.address);
  session_.reset(ssh_new());
  BDAAS_TRY(set_up(known));
  ssh_set_blocking(session_.get(), 0);
  ssh_set_counters(session_.get(), &counter_, nullptr);
  fd_ = std::move(fd);
  state_ = State::greeting;
  return {};
}

// Nothing is taken from ~/.ssh/config or another file: a login says all of itself.
Result<> SshSession::set_up(const std::vector<HostKey>& known) {
  auto* session = session_.get();
  const bool no = false;
  const auto algorithms = host_key_algorithms(known);
  bool fine = session != nullptr;
  const auto set = [&](ssh_options_e option, const void* value) {
    fine = fine && ssh_options_set(session, option, value) == SSH_OK;
  };
  set(SSH_OPTIONS_PROCESS_CONFIG, &no);
  set(SSH_OPTIONS_SSH_DIR, "/nonexistent");
  set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
  set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  set(SSH_OPTIONS_USER, login_.host.user.c_str());
  set(SSH_OPTIONS_CIPHERS_C_S, kCiphers);
  set(SSH_OPTIONS_CIPHERS_S_C, kCiphers);
  set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str());
  if (fine) return {};
  return fail(ErrorKind::internal, "libssh takes the options of the session not: {}",
              session == nullptr ? "out of memory" : ssh_get_error(session));
}

Result<> SshSession::check_key() {
  ssh_key key = nullptr;
  char* text = nullptr;
  std::string base64;
  if (ssh_get_server_publickey(session_.get(), &key) == SSH_OK &&
      ssh_pki_export_pubkey_base64(key, &text) == SSH_OK) {
    base64 = text;
  }
  ssh_string_free_char(text);
  ssh_key_free(key);
  BDAAS_ASSIGN(const auto shown, host_key_of(base64));
  const auto& wanted = login_.host.host_key;
  if (wanted.empty()) return known_hosts_.accept(pin_name(login_), shown);
  BDAAS_TRY(check_host_key(wanted, shown));
  // OpenSSH's programs want the key itself, and of a fingerprint it is seen only here.
  return parse_host_key(wanted) ? Result<>{} : known_hosts_.note(pin_name(login_), shown);
}

Error SshSession::broken() const {
  const auto words = printable(ssh_get_error(session_.get()));
  if (state_ == State::greeting) {
    return fail(ErrorKind::unavailable, "no SSH connection came about, is that an sshd? {}", words);
  }
  return fail(ErrorKind::unavailable, "the connection broke: {}", words);
}

Result<> SshSession::talk(Steady::time_point now) {
  for (int i = 0; i < kReadsMax; ++i) {
    const int code = ssh_event_dopoll(event_.get(), 0);
    if (code == SSH_ERROR) return broken();
    if (code == SSH_AGAIN) break;
  }
  if (ssh_is_connected(session_.get()) == 0) return broken();
  // libssh also reads while it writes for one channel, and what comes may be for another one that
  // has had its turn.
  const auto read_before = counter_.in_bytes;
  BDAAS_TRY(step_channels(now));
  if (counter_.in_bytes != read_before) has_news_ = true;
  if ((ssh_get_status(session_.get()) & SSH_CLOSED_ERROR) != 0) return broken();
  return look_for_life(now);
}

Result<> SshSession::step_channels(Steady::time_point now) {
  for (auto& channel : channels_) {
    const bool waits = channel->stage() == SshChannel::Stage::queued;
    const bool has_place = !channel->is_program() || places_taken() < programs_max_;
    if (waits && (has_place || channel->is_urgent())) {
      channel->start(session_.get());
    }
    const auto stepped = channel->step(session_.get(), now);
    if (stepped == SshChannel::Step::broken) return broken();
    if (auto helper = channel->take_helper()) {
      channels_.push_back(std::make_unique<SshChannel>(std::move(*helper), name_));
    }
    if (stepped != SshChannel::Step::refused) continue;
    // The peer allows fewer than we thought. It is asked again when one of them has ended.
    programs_max_ = places_taken();
    if (programs_max_ > 0) continue;
    programs_max_ = 1;
    channel->fail_with(fail(ErrorKind::unavailable, "{}: it allows no programs to be run: {}",
                            name_, printable(ssh_get_error(session_.get()))),
                       false);
  }
  if (!channels_.empty()) used_at_ = now;
  std::erase_if(channels_, [this](const auto& one) {
    const bool ends = one->stage() == SshChannel::Stage::done;
    if (ends) has_news_ = true;  // another one may have its place
    return ends;
  });
  return {};
}

// TCP's own keep-alive sees the first hop only, so the peer is asked, too.
Result<> SshSession::look_for_life(Steady::time_point now) {
  if (counter_.in_bytes != heard_bytes_) {
    heard_bytes_ = counter_.in_bytes;
    heard_at_ = now;
  }
  if (now >= heard_at_ + options_.silence_max) {
    return fail(ErrorKind::unavailable, "the connection broke: nothing was heard for {}",
                human_duration(options_.silence_max));
  }
  if (now >= std::max(heard_at_, asked_at_) + options_.silence_max / 3) {
    asked_at_ = now;
    // Twice: the first call only takes the answer to the one before.
    ssh_send_keepalive(session_.get());
    ssh_send_keepalive(session_.get());
  }
  if (channels_.empty() && now >= used_at_ + options_.idle_timeout) {
    return fail(ErrorKind::unavailable, "the connection was closed, for nobody used it");
  }
  return {};
}

}  // namespace bdaas
