#pragma once
// Keeps one output stream of a program in a file of bounded size: its head up to the limit as it
// comes, and at the end a line that says how much is missing and the last of it. Never fails
// towards the program: what cannot be written (a full disk) is left out and counted too.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/unique_fd.h"

namespace bdaas {

inline constexpr std::size_t kOutputTailBytes = 1u << 20;

class OutputKeeper {
 public:
  // Goes on behind what the file has; the limit counts from there.
  static Result<OutputKeeper> open(const fs::path& path, std::int64_t limit_bytes);

  void take(std::string_view bytes);
  void finish();  // nothing more comes

 private:
  OutputKeeper(UniqueFd fd, std::int64_t room) : fd_(std::move(fd)), room_(room) {}
  std::size_t write(std::string_view bytes);  // how many it wrote

  UniqueFd fd_;
  std::int64_t room_;          // of the head
  std::int64_t left_out_ = 0;  // bytes not in the file, those in tail_ included
  std::string tail_;           // the last of them; between once and twice kOutputTailBytes
};

}  // namespace bdaas
