#pragma once
// One channel of an SSH session: a program, or a TCP port as the machine sees it, joined to one end
// of a socket pair whose other end somebody else has. Belongs to its session and the loop's thread;
// nothing here blocks.
//
// What it holds in memory is bounded: it reads from the pair no more than the peer's window takes,
// and from libssh only what fits into the pair, or else all of it at once when the pair has taken
// what was read before. libssh opens its window again by 1.28 MB at each read, however small, so
// that many small ones would fill its buffer without bound.

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace bdaas {

struct SshProgram {
  std::string command;  // for the user's shell: program_text(), or one that needs no end made of it
  bool is_urgent = false;  // begins though all places are taken
};
struct SshPort {
  std::string address;
  int port = 0;
};

// What is handed to the user's shell to run argv as it is. It begins with a line on stderr that
// tells its process, which is taken out again: an sshd passes signals on to programs of others than
// root only, so they are sent by kill(1), too.
std::string program_text(const std::vector<std::string>& argv);

// How far a call has come; for the words of its time-out.
enum class CallStage { connecting, queued, opening, running };

struct ChannelOrder {
  std::variant<SshProgram, SshPort> target;
  UniqueFd pair;  // ours; not blocking
  // The pair carries both directions. False: only what goes there, and the tails of what the
  // program prints are kept.
  bool is_stream = true;
  std::size_t keep_bytes = 4096;  // of the tails
  std::shared_ptr<std::atomic<CallStage>> stage = std::make_shared<std::atomic<CallStage>>();
  // Each at most once, on the loop's thread, before our end of the pair is closed.
  std::function<void(Result<>)> on_open;  // also when it never opens
  std::function<void(Result<Completed>)> on_end;
};

class SshChannel {
 public:
  using Steady = std::chrono::steady_clock;
  enum class Stage {
    queued,   // not begun, or refused and to be begun again
    opening,  // the peer is asked for a channel
    asking,   // the peer is asked to start the program
    flowing,  // bytes go both ways
    closing,  // ended here; the peer has to close it, too
    done
  };
  enum class Step { fine, refused, broken };

  // who: "user@address:port", for the words of errors.
  SshChannel(ChannelOrder order, std::string who);
  ~SshChannel();
  SshChannel(const SshChannel&) = delete;
  SshChannel& operator=(const SshChannel&) = delete;

  Stage stage() const { return stage_; }
  bool is_program() const { return std::holds_alternative<SshProgram>(order_.target); }
  // Counts among the programs that the peer runs at once.
  bool takes_a_place() const { return is_program() && channel_ != nullptr; }

  void start(ssh_session session);

  // Goes on as far as it can. session: null until it is open, then only what nobody waits for any
  // more is looked for. refused: the peer wants no more channels now, it is queued again.
  // broken: the session is of no use any more.
  Step step(ssh_session session, Steady::time_point now);

  // Another program that ends this one, once it is wanted; to be submitted.
  std::optional<ChannelOrder> take_helper() { return std::exchange(helper_, std::nullopt); }
  bool is_urgent() const;

  // Tells the error and is done. session_is_gone: libssh frees its channel with the session.
  void fail_with(const Error& error, bool session_is_gone);

  // congested: the session has not sent yet what it was given.
  pollfd watch(bool congested) const;
  void see(short ready);
  Steady::time_point until() const;

 private:
  int take_output(std::string_view bytes, bool is_stderr);
  Step open(ssh_session session);
  Step ask(ssh_session session);
  void flow(ssh_session session, Steady::time_point now);
  void push_output();
  bool send_output();
  void pull_input(ssh_session session);
  bool push_input();
  void end_program(Steady::time_point now);
  void take_process();
  void finish_if_ended(Steady::time_point now);
  void finish(Result<Completed> result);
  void close_channel();
  void release();
  void set_stage(Stage stage, CallStage said);
  bool is_delivered() const { return left_ == 0 && unsent_output_.empty(); }

  ChannelOrder order_;
  const std::string who_;
  ssh_channel channel_ = nullptr;
  ssh_channel_callbacks_struct callbacks_{};
  Stage stage_ = Stage::queued;

  std::string unsent_input_;    // read from the pair, not taken by libssh
  std::string unsent_output_;   // read from libssh, not taken by the pair
  std::size_t left_ = 0;        // of stdout in libssh's buffer
  bool input_ended_ = false;    // the pair's other end sends no more
  bool input_closed_ = false;   // and the peer knows
  bool output_ended_ = false;   // the peer sends no more
  bool output_closed_ = false;  // and the pair's other end knows
  bool is_closed_ = false;      // by the peer
  bool is_abandoned_ = false;   // the pair's other end is closed

  std::string process_;  // its id there, when it has been told
  std::optional<int> exit_code_;
  std::string out_;
  std::string err_;
  Steady::time_point heard_at_{};  // output or the exit code

  std::optional<ChannelOrder> helper_;
  int pushes_ = 0;  // towards the end of an abandoned program
  Steady::time_point next_push_ = Steady::time_point::max();
};

}  // namespace bdaas
