#include "api/check.h"

#include <algorithm>
#include <cmath>

namespace bdaas::api {

void make_whole_numbers_integers(json::value& value) {
  constexpr double kExactMax = 1ll << 53;  // beyond, a double is not one whole number any more
  if (value.is_array()) {
    for (auto& item : value.get_array()) make_whole_numbers_integers(item);
  } else if (value.is_object()) {
    for (auto& item : value.get_object()) make_whole_numbers_integers(item.value());
  } else if (value.is_double()) {
    const double number = value.get_double();
    if (std::abs(number) <= kExactMax && number == std::trunc(number)) {
      value = static_cast<std::int64_t>(number);
    }
  }
}

Result<> check_number(std::int64_t value, const FieldRule& rule, std::string_view path) {
  if (rule.max == 0 || (value >= rule.min && value <= rule.max)) return {};
  return fail(ErrorKind::invalid_argument, "{}: {} is out of range; {} to {} is allowed", path,
              value, rule.min, rule.max);
}

Result<> check_text(std::string_view value, const FieldRule& rule, std::string_view path) {
  if (rule.length_max == 0) return {};
  // Characters are counted, not bytes; the parser has made sure of UTF-8.
  const auto length = std::count_if(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  if (length > rule.length_max) {
    return fail(ErrorKind::invalid_argument, "{}: {} characters are too many; {} are allowed", path,
                length, rule.length_max);
  }
  const bool clean = std::none_of(value.begin(), value.end(), [&](char c) {
    return c == '\0' || (rule.text == Text::line && ((c >= 0 && c < 0x20) || c == 0x7f));
  });
  if (!clean)
    return fail(ErrorKind::invalid_argument, "{}: control characters are not allowed", path);
  return {};
}

Result<> check_items(std::size_t count, const FieldRule& rule, std::string_view path) {
  if (rule.items_max == 0 || count <= static_cast<std::size_t>(rule.items_max)) return {};
  return fail(ErrorKind::invalid_argument, "{}: {} items are too many; {} are allowed", path, count,
              rule.items_max);
}

}  // namespace bdaas::api
