#pragma once
// SHA-256 alone. For the agent: what base/digest.h uses would bring all of OpenSSL with it.

#include <memory>
#include <string>
#include <string_view>

namespace bdaas {

// Incremental; one owner, one thread at a time.
class PlainSha256 {
 public:
  PlainSha256();
  ~PlainSha256();
  PlainSha256(PlainSha256&&) noexcept;
  PlainSha256& operator=(PlainSha256&&) noexcept;
  void update(std::string_view bytes);
  std::string hex();  // ends it; two lower-case digits a byte

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bdaas
