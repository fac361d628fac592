#pragma once
// What can be done on machines that are reached by SSH. The interface lies here because providers
// (borrow a host, give it back), placers of agents and the dialogues with engines use it; the room
// transport implements it.

#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "model/ssh_login.h"

namespace bdaas {

// A program on the machine. Its argv reaches it unchanged, whatever it holds: quoting is the
// implementation's business.
struct RemoteCommand {
  std::vector<std::string> argv;
  std::string input;       // its stdin, then the end of file
  int input_fd = -1;       // instead of input: read to its end; blocking reads are fine
  Millis timeout{30'000};  // from the call to the exit code
  std::size_t keep_bytes = 1024 * 1024;       // of each output stream, its tail
  const std::atomic<bool>* cancel = nullptr;  // noticed within 200 ms
};

// Thread-safe; blocking calls end within their time-out. One connection a login is kept and shared
// by everything that is done there; one that broke is made again at the next call.
//
// Errors, of all calls: unavailable (not reachable, or the connection broke), deadline_exceeded,
// unauthenticated (no key was taken), permission_denied (its host key is not the pinned one: says
// both fingerprints and what to do), cancelled, invalid_argument (a bad key file, a bad name).
class RemoteHosts {
 public:
  virtual ~RemoteHosts() = default;

  // An exit code ≠ 0 is not an error here; 128 + signal when killed by one.
  virtual Result<Completed> run(const SshLogin& login, const RemoteCommand& command) = 0;

  // Joins a connected, non-blocking stream socket with a TCP port as the machine sees it. On an
  // error the socket is closed. unavailable: the port refuses, in the machine's words.
  virtual Result<> dial(const SshLogin& login, UniqueFd socket, const std::string& address,
                        std::int64_t port, Millis timeout) = 0;

  // stdin and stdout of a program there as one stream socket, non-blocking. Returns at once: what
  // is written meanwhile is kept, and a failure is the end of the stream.
  virtual Result<UniqueFd> open(const SshLogin& login, const std::vector<std::string>& argv) = 0;
};

}  // namespace bdaas
