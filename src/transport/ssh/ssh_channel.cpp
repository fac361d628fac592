#include "transport/ssh/ssh_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/os_error.h"
#include "base/shell_quote.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kPushGrace{2'000};  // as run() of base/subprocess.h
// A program's children may keep its stdout open when it has ended: then its end is the exit code,
// and no output for so long.
constexpr Millis kQuietAfterExit{2'000};
constexpr std::size_t kPieceBytes = 128 * 1024;
constexpr std::string_view kProcessMark = "bdaas-process ";
constexpr std::size_t kMarkWithin =
    16 * 1024;                 // of stderr, before which a shell's own words may be
constexpr int kPiecesMax = 8;  // then it is the turn of the other channels

// RFC 4254, 6.10, has names, for numbers differ among systems.
int exit_code_of_signal(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, int>, 13> kSignals{{{"ABRT", SIGABRT},
                                                                       {"ALRM", SIGALRM},
                                                                       {"FPE", SIGFPE},
                                                                       {"HUP", SIGHUP},
                                                                       {"ILL", SIGILL},
                                                                       {"INT", SIGINT},
                                                                       {"KILL", SIGKILL},
                                                                       {"PIPE", SIGPIPE},
                                                                       {"QUIT", SIGQUIT},
                                                                       {"SEGV", SIGSEGV},
                                                                       {"TERM", SIGTERM},
                                                                       {"USR1", SIGUSR1},
                                                                       {"USR2", SIGUSR2}}};
  const auto* const at = std::find_if(kSignals.begin(), kSignals.end(),
                                      [&](const auto& one) { return one.first == name; });
  return at == kSignals.end() ? 255 : 128 + at->second;
}

void keep_tail(std::string& tail, std::string_view bytes, std::size_t keep) {
  tail += bytes;
  if (tail.size() > 2 * keep) tail.erase(0, tail.size() - keep);
}

void cut_tail(std::string& tail, std::size_t keep) {
  if (tail.size() > keep) tail.erase(0, tail.size() - keep);
}

// "Channel opening failure: channel 44 error (2) Connection refused" → the machine's own words.
std::string own_words(std::string_view error) {
  const auto at = error.starts_with("Channel opening failure") ? error.find(") ") : error.npos;
  return printable(at == error.npos ? error : error.substr(at + 2));
}

}  // namespace

std::string program_text(const std::vector<std::string>& argv) {
  std::vector<std::string> words{"sh", "-c",
                                 fmt::format("echo \"{}$$\" >&2; exec \"$@\"", kProcessMark), "sh"};
  words.insert(words.end(), argv.begin(), argv.end());
  return "exec " + shell_quote(words);
}

SshChannel::SshChannel(ChannelOrder order, std::string who)
    : order_(std::move(order)), who_(std::move(who)) {
  ssh_callbacks_init(&callbacks_);
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t length,
                                        int is_stderr, void* self) {
    return static_cast<SshChannel*>(self)->take_output({static_cast<const char*>(data), length},
                                                       is_stderr != 0);
  };
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<SshChannel*>(self)->output_ended_ = true;
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<SshChannel*>(self)->output_ended_ = true;
    static_cast<SshChannel*>(self)->is_closed_ = true;
  };
  callbacks_.channel_exit_status_function = [](ssh_session, ssh_channel, int status, void* self) {
    static_cast<SshChannel*>(self)->exit_code_ = status;
    static_cast<SshChannel*>(self)->heard_at_ = Steady::now();
  };
  callbacks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* signal, int,
                                               const char*, const char*, void* self) {
    static_cast<SshChannel*>(self)->exit_code_ = exit_code_of_signal(signal);
    static_cast<SshChannel*>(self)->heard_at_ = Steady::now();
  };
}

SshChannel::~SshChannel() { release(); }

void SshChannel::set_stage(Stage stage, CallStage said) {
  stage_ = stage;
  order_.stage->store(said);
}

void SshChannel::start(ssh_session session) {
  channel_ = ssh_channel_new(session);
  if (channel_ == nullptr) return;  // out of memory: asked again at the next turn
  ssh_add_channel_callbacks(channel_, &callbacks_);
  set_stage(Stage::opening, CallStage::opening);
}

SshChannel::Step SshChannel::step(ssh_session session, Steady::time_point now) {
  if (stage_ == Stage::queued && session != nullptr) order_.stage->store(CallStage::queued);
  if (stage_ == Stage::queued && is_abandoned_) stage_ = Stage::done;
  Step stepped = Step::fine;
  if (stage_ == Stage::opening) stepped = open(session);
  if (stage_ == Stage::asking) stepped = ask(session);
  if (stage_ == Stage::flowing) flow(session, now);
  if (stage_ == Stage::closing && is_closed_) {
    release();
    stage_ = Stage::done;
  }
  return stepped;
}

SshChannel::Step SshChannel::open(ssh_session session) {
  const auto* port = std::get_if<SshPort>(&order_.target);
  const int code = port == nullptr ? ssh_channel_open_session(channel_)
                                   : ssh_channel_open_forward(channel_, port->address.c_str(),
                                                              port->port, "127.0.0.1", 0);
  if (ssh_is_connected(session) == 0) return Step::broken;
  if (code == SSH_AGAIN) return Step::fine;
  if (code == SSH_OK && port == nullptr) {
    stage_ = Stage::asking;
    return Step::fine;
  }
  if (code == SSH_OK) {
    set_stage(Stage::flowing, CallStage::running);
    if (auto tell = std::exchange(order_.on_open, {})) tell({});
    return Step::fine;
  }
  const auto words = own_words(ssh_get_error(session));
  release();
  if (port == nullptr) {
    set_stage(Stage::queued, CallStage::queued);
    return Step::refused;
  }
  fail_with(fail(ErrorKind::unavailable, "{}: no connection to {}:{} from there: {}", who_,
                 printable(port->address), port->port, words),
            false);
  return Step::fine;
}

SshChannel::Step SshChannel::ask(ssh_session session) {
  const auto& command = std::get<SshProgram>(order_.target).command;
  const int code = ssh_channel_request_exec(channel_, command.c_str());
  if (ssh_is_connected(session) == 0) return Step::broken;
  if (code == SSH_OK) {
    set_stage(Stage::flowing, CallStage::running);
    if (auto tell = std::exchange(order_.on_open, {})) tell({});
  }
  if (code == SSH_ERROR) {
    const auto words = printable(ssh_get_error(session));
    fail_with(fail(ErrorKind::unavailable, "{}: it runs no programs: {}", who_, words), false);
  }
  return Step::fine;
}

int SshChannel::take_output(std::string_view bytes, bool is_stderr) {
  const int all = static_cast<int>(bytes.size());
  heard_at_ = Steady::now();
  if (is_stderr && process_.empty() && err_.size() < kMarkWithin) {
    err_ += bytes;
    take_process();
    return all;
  }
  if (is_stderr || !order_.is_stream) {
    keep_tail(is_stderr ? err_ : out_, bytes, order_.keep_bytes);
    return all;
  }
  left_ = 0;
  if (is_abandoned_ || output_closed_) return all;
  left_ = bytes.size();  // libssh shows what it has kept, too
  if (!unsent_output_.empty()) return 0;
  const ssize_t sent = ::send(order_.pair.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent <= 0) return 0;  // what is wrong with the pair is seen when it is flushed
  left_ -= static_cast<std::size_t>(sent);
  return static_cast<int>(sent);
}

void SshChannel::take_process() {
  const auto at = err_.find(kProcessMark);
  const auto end = at == err_.npos ? at : err_.find('\n', at);
  if (end == err_.npos) return;
  process_ = err_.substr(at + kProcessMark.size(), end - at - kProcessMark.size());
  err_.erase(at, end + 1 - at);
  if (process_.find_first_not_of("0123456789") != process_.npos || process_.empty()) process_ = "-";
}

bool SshChannel::is_urgent() const {
  const auto* program = std::get_if<SshProgram>(&order_.target);
  return program != nullptr && program->is_urgent;
}

// False: the pair takes no more now.
bool SshChannel::send_output() {
  std::size_t sent = 0;
  while (sent < unsent_output_.size() && !is_abandoned_) {
    const ssize_t more = ::send(order_.pair.get(), unsent_output_.data() + sent,
                                unsent_output_.size() - sent, MSG_NOSIGNAL);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0 && errno != EAGAIN) sent = unsent_output_.size();  // nobody reads: dropped
    if (more < 0) break;
    sent += static_cast<std::size_t>(more);
  }
  if (is_abandoned_) sent = unsent_output_.size();
  unsent_output_.erase(0, sent);
  return unsent_output_.empty();
}

void SshChannel::push_output() {
  if (!order_.is_stream || output_closed_) return;
  while (send_output() && left_ > 0) {
    unsent_output_.resize(left_);
    const int got =
        ssh_channel_read(channel_, unsent_output_.data(), static_cast<std::uint32_t>(left_), 0);
    unsent_output_.resize(static_cast<std::size_t>(std::max(got, 0)));
    left_ = 0;
  }
  if (unsent_output_.empty()) unsent_output_.shrink_to_fit();
  if (!output_ended_ || !is_delivered()) return;
  output_closed_ = true;
  ::shutdown(order_.pair.get(), SHUT_WR);
}

// False: libssh takes no more now (the window is used up, or keys are being exchanged anew).
bool SshChannel::push_input() {
  if (unsent_input_.empty()) return true;
  const int taken = ssh_channel_write(channel_, unsent_input_.data(),
                                      static_cast<std::uint32_t>(unsent_input_.size()));
  if (taken > 0) unsent_input_.erase(0, static_cast<std::size_t>(taken));
  return unsent_input_.empty();
}

void SshChannel::pull_input(ssh_session session) {
  for (int pieces = 0; push_input() && !input_ended_; ++pieces) {
    const std::size_t window = ssh_channel_window_size(channel_);
    const bool congested = (ssh_get_status(session) & SSH_WRITE_PENDING) != 0;
    if (window == 0 || congested || pieces == kPiecesMax) return;
    unsent_input_.resize(std::min(window, kPieceBytes));
    const ssize_t got = ::recv(order_.pair.get(), unsent_input_.data(), unsent_input_.size(), 0);
    unsent_input_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) input_ended_ = true;
  }
  if (!input_ended_ || input_closed_ || !unsent_input_.empty()) return;
  input_closed_ = true;
  unsent_input_.shrink_to_fit();
  ssh_channel_send_eof(channel_);
}

void SshChannel::flow(ssh_session session, Steady::time_point now) {
  push_output();
  if (!is_closed_ && (order_.is_stream || !is_abandoned_)) pull_input(session);
  if (is_closed_) ::shutdown(order_.pair.get(), SHUT_RD);  // who writes still is to notice
  if (is_abandoned_ && !is_closed_) {
    if (is_program()) {
      end_program(now);
    } else if (input_closed_) {
      return finish(Completed{});
    }
  }
  if (stage_ == Stage::flowing) finish_if_ended(now);
}

// The caller has gone. A program of a stream gets the end of its stdin and some time, then, as one
// whose time is over gets at once, SIGTERM and some time, then SIGKILL.
void SshChannel::end_program(Steady::time_point now) {
  if (next_push_ == Steady::time_point::max()) {
    if (order_.is_stream && !input_closed_) return;
    next_push_ = order_.is_stream ? now + kPushGrace : now;
  }
  if (now < next_push_) return;
  next_push_ = now + kPushGrace;
  const auto* const signal = pushes_++ == 0 ? "TERM" : "KILL";
  ssh_channel_request_send_signal(channel_, signal);
  if (!exit_code_ && !process_.empty() && process_ != "-") {
    // Its group: sshd makes one for each program.
    helper_.emplace();
    const auto text = fmt::format("kill -s {} -- -{}", signal, process_);
    helper_->target = SshProgram{"exec " + shell_quote({"sh", "-c", text}), true};
    helper_->is_stream = false;
  }
  if (pushes_ < 2) return;
  finish(fail(ErrorKind::cancelled, "{}: the program was stopped", who_));
}

void SshChannel::finish_if_ended(Steady::time_point now) {
  const bool is_quiet = exit_code_ && !order_.is_stream && now >= heard_at_ + kQuietAfterExit;
  if (!is_quiet && !(is_closed_ && is_delivered())) return;
  if (is_program() && !exit_code_) {
    return finish(fail(ErrorKind::unavailable, "{}: the program ended without an exit code", who_));
  }
  cut_tail(out_, order_.keep_bytes);
  cut_tail(err_, order_.keep_bytes);
  finish(Completed{exit_code_.value_or(0), std::move(out_), std::move(err_)});
}

void SshChannel::finish(Result<Completed> result) {
  if (auto tell = std::exchange(order_.on_end, {})) tell(std::move(result));
  order_.pair.reset();
  is_abandoned_ = true;  // what still comes is dropped
  left_ = 0;
  unsent_output_.clear();
  close_channel();
  stage_ = Stage::closing;
}

void SshChannel::fail_with(const Error& error, bool session_is_gone) {
  if (session_is_gone) channel_ = nullptr;
  if (auto tell = std::exchange(order_.on_open, {})) tell(error);
  if (auto tell = std::exchange(order_.on_end, {})) tell(error);
  order_.pair.reset();
  is_abandoned_ = true;
  close_channel();
  stage_ = channel_ == nullptr ? Stage::done : Stage::closing;
}

// libssh 0.10 forgets the closing itself where the end of file before it could not be sent at once
// (ssh_channel_close() leaves with SSH_AGAIN); the second call does it, or nothing.
void SshChannel::close_channel() {
  if (channel_ == nullptr || ssh_channel_close(channel_) == SSH_OK) return;
  ssh_channel_close(channel_);
}

void SshChannel::release() {
  if (channel_ == nullptr) return;
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
  channel_ = nullptr;
}

pollfd SshChannel::watch(bool congested) const {
  if (!order_.pair.valid() || is_abandoned_ || (input_ended_ && output_closed_)) return {-1, 0, 0};
  short events = 0;
  if (stage_ == Stage::flowing) {
    const bool may_pull = !congested && !input_ended_ && !is_closed_ && unsent_input_.empty() &&
                          ssh_channel_window_size(channel_) > 0;
    if (may_pull) events |= POLLIN;
    if (!is_delivered()) events |= POLLOUT;
  }
  return {order_.pair.get(), events, 0};
}

// Both directions shut down look like a closed other end; then nothing is left to be done for it.
void SshChannel::see(short ready) {
  if ((ready & (POLLHUP | POLLERR | POLLNVAL)) != 0) is_abandoned_ = true;
}

Steady::time_point SshChannel::until() const {
  if (stage_ != Stage::flowing) return Steady::time_point::max();
  if (is_abandoned_) return next_push_;
  if (exit_code_ && !order_.is_stream) return heard_at_ + kQuietAfterExit;
  return Steady::time_point::max();
}

}  // namespace bdaas
