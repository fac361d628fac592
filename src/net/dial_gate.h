#pragma once
// A door by which libcurl hands its connections over: it connects to a unix socket, and what comes
// out at the other end is joined with a server in whatever way. (Libcurl 7.88 cannot be given a
// connected socket: it connects it again. And it does not keep connections to sockets without a
// file.) One owner, one thread at a time.

#include "base/files.h"
#include "base/unique_fd.h"

namespace bdaas {

class DialGate {
 public:
  // The socket's file is made in `dir`, for the moment of a connection.
  static Result<DialGate> open(const fs::path& dir);

  // For CURLOPT_UNIX_SOCKET_PATH; short, however long the directory's name is. The same for all of
  // its life: by it libcurl finds a kept connection again.
  const std::string& path() const { return path_; }

  // Just before libcurl connects.
  Result<> unlock();
  // Just after: the other end, non-blocking; invalid when nobody came. The file is gone then.
  UniqueFd take();

 private:
  DialGate(UniqueFd dir, std::string path) : dir_(std::move(dir)), path_(std::move(path)) {}

  UniqueFd dir_;
  std::string path_;
  UniqueFd listener_;  // from unlock() to take()
};

}  // namespace bdaas
