#pragma once
// For tests: tars as no program would write them.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace bdaas {

struct TarFixtureEntry {
  std::string name;
  std::string content;
  char type = '0';
  std::string link;
  std::string size_field;  // instead of the true one
};

inline std::string tar_block(const TarFixtureEntry& entry) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t offset, std::string_view text) {
    std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  put(0, std::string_view(entry.name).substr(0, 100));
  put(100, "0000644");
  put(124,
      entry.size_field.empty() ? fmt::format("{:011o}", entry.content.size()) : entry.size_field);
  put(136, "00000000000");
  put(156, std::string_view(&entry.type, 1));
  put(157, std::string_view(entry.link).substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + '\0' + ' ');
  return block;
}

inline std::string tar_entry(const TarFixtureEntry& entry) {
  std::string text = tar_block(entry) + entry.content;
  text.append((512 - text.size() % 512) % 512, '\0');
  return text;
}

// A pax header for the entry that follows.
inline std::string tar_pax(std::string_view key, std::string_view value) {
  const std::string body = fmt::format(" {}={}\n", key, value);
  std::size_t length = body.size() + 1;
  while (fmt::formatted_size("{}", length) + body.size() != length) ++length;
  return tar_entry({.name = "pax", .content = fmt::format("{}{}", length, body), .type = 'x'});
}

inline std::string tar_end() { return std::string(1024, '\0'); }

inline std::string tar_of(const auto&... entries) { return (tar_entry(entries) + ...) + tar_end(); }

}  // namespace bdaas
