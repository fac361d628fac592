#pragma once
// Secret<T> prints as ***. Its content leaves only by reveal(), which is easy to search for.

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace bdaas {

template <class T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) {}
  const T& reveal() const { return value_; }

 private:
  T value_{};
};

}  // namespace bdaas

template <class T>
struct fmt::formatter<bdaas::Secret<T>> : fmt::formatter<std::string_view> {
  auto format(const bdaas::Secret<T>&, format_context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
