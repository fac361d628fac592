#include "base/ini.h"

#include <algorithm>

namespace bdaas {

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_remark(std::string_view text) { return text.starts_with('#') || text.starts_with(';'); }

std::string_view without_remark(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (is_remark(value.substr(i)) && kBlanks.find(value[i - 1]) != kBlanks.npos) {
      return trimmed(value.substr(0, i));
    }
  }
  return value;
}

}  // namespace

Result<Ini> parse_ini(std::string_view text) {
  Ini ini;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const auto whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    const auto line = trimmed(whole);
    if (line.empty() || is_remark(line)) continue;
    if (kBlanks.find(whole.front()) != kBlanks.npos) continue;
    if (line.starts_with('[')) {
      const auto end = line.find(']');
      if (end == line.npos) {
        return fail(ErrorKind::invalid_argument, "line {}: '[' without ']'", number);
      }
      section = trimmed(line.substr(1, end - 1));
      ini[section];
      continue;
    }
    const auto equals = line.find('=');
    if (equals == line.npos || equals == 0) {
      return fail(ErrorKind::invalid_argument, "line {}: expected 'name = value'", number);
    }
    ini[section][std::string(trimmed(line.substr(0, equals)))] =
        without_remark(trimmed(line.substr(equals + 1)));
  }
  return ini;
}

}  // namespace bdaas
