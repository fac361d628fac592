#pragma once
// SHA-256 (by OpenSSL's EVP) and base64.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bdaas {

// Incremental; one owner, one thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  std::string hex();  // ends it; 64 lower-case digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
// stop: asked between pieces; then cancelled.
Result<std::string> sha256_of_file(
    const std::filesystem::path& path, const std::function<bool()>& stop = [] { return false; });

std::string to_base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

// Time does not depend on where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace bdaas
