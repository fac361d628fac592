#pragma once
// One table per enum, used both ways: parser and writer cannot disagree.
// An enum takes part by a function found beside it:
//   constexpr auto enum_table(E) { return enum_rows<E>({...}); }

#include <array>
#include <cassert>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace bdaas {

template <class E>
struct EnumRow {
  E value;
  std::string_view text;
};

template <class E, std::size_t N>
constexpr std::array<EnumRow<E>, N> enum_rows(const EnumRow<E> (&rows)[N]) {
  std::array<EnumRow<E>, N> table{};
  for (std::size_t i = 0; i < N; ++i) table[i] = rows[i];
  return table;
}

template <class E>
concept TextEnum = std::is_enum_v<E> && requires(E e) {
  enum_table(e);
};

template <TextEnum E>
constexpr std::string_view to_text(E value) {
  for (const auto& row : enum_table(E{})) {
    if (row.value == value) return row.text;
  }
  assert(false && "enum value missing in its table");
  return "?";
}

template <TextEnum E>
constexpr std::optional<E> from_text(std::string_view text) {
  for (const auto& row : enum_table(E{})) {
    if (row.text == text) return row.value;
  }
  return std::nullopt;
}

}  // namespace bdaas
