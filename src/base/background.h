#pragma once
// Going on in the background, and what the one who started it hears of that.

#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

// How the process in the background tells the one it was forked from that it is ready.
class Starter {
 public:
  Starter() = default;  // nobody waits
  explicit Starter(UniqueFd word) : word_(std::move(word)) {}
  void tell_ok();  // again is harmless

 private:
  UniqueFd word_;
};

// Forks; before any thread is started. In the child, which has a session of its own: its Starter.
// In the parent, which waits meanwhile: the exit code to take over, 0 as soon as the child has
// told, else the one it ended with. It has said why itself, for stderr is still the caller's; only
// of a signal the parent speaks, for `program`.
using Forked = std::variant<Starter, int>;
Result<Forked> go_to_background(std::string_view program);

// Lets go of the caller's streams, so that nobody waits for their end, once nothing more is to be
// said there. stderr goes to `errors`; to nowhere when that is invalid.
void leave_caller(const UniqueFd& errors);

}  // namespace bdaas
