#pragma once
// Signals as something to read: no code of ours runs in a handler. One instance, made before other
// threads exist (they inherit the mask); its destructor gives the signals back.

#include <csignal>
#include <optional>

#include "base/unique_fd.h"

namespace bdaas::cli {

class Signals {
 public:
  Signals();  // SIGINT, SIGTERM, SIGWINCH
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_.get(); }
  std::optional<int> next();  // nothing when none is waiting

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

}  // namespace bdaas::cli
