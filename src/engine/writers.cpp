#include "engine/writers.h"

#include <fmt/core.h>

#include <cstdint>
#include <iterator>
#include <string_view>

namespace bdaas {
namespace {

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#13;";
        break;  // a bare one would be read as a line end
      default: {
        // XML 1.0 has no way to write the other control characters.
        const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
        out += control ? ' ' : c;
      }
    }
  }
  return out;
}

// The next character of a UTF-8 text; a byte that begins none is taken as Latin-1.
char32_t next_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t character = length == 1 ? first : first & (0x7F >> length);
  if (length > text.size()) {
    text.remove_prefix(1);
    return first;
  }
  for (std::size_t i = 1; i < length; ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  text.remove_prefix(length);
  return character;
}

void append_unicode_escape(std::string& out, char32_t character) {
  if (character > 0xFFFF) {  // Java's characters are UTF-16
    character -= 0x10000;
    append_unicode_escape(out, 0xD800 + (character >> 10));
    append_unicode_escape(out, 0xDC00 + (character & 0x3FF));
    return;
  }
  fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<std::uint32_t>(character));
}

std::string property_text(std::string_view text, bool is_key) {
  std::string out;
  bool at_start = true;
  while (!text.empty()) {
    const char32_t c = next_character(text);
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\f':
        out += "\\f";
        break;
      case ' ':
        out += is_key || at_start ? "\\ " : " ";
        break;
      case '=':
      case ':':
      case '#':
      case '!':
        if (is_key) out += '\\';
        out += static_cast<char>(c);
        break;
      default:
        if (c >= 0x20 && c < 0x7F) {
          out += static_cast<char>(c);
        } else {
          append_unicode_escape(out, c);
        }
    }
    at_start = false;
  }
  return out;
}

}  // namespace

std::string to_hadoop_xml(const Properties& properties) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n";
  for (const auto& [name, value] : properties) {
    out += fmt::format("  <property><name>{}</name><value>{}</value></property>\n", xml_text(name),
                       xml_text(value));
  }
  return out + "</configuration>\n";
}

std::string to_java_properties(const Properties& properties) {
  std::string out;
  for (const auto& [name, value] : properties) {
    out += fmt::format("{}={}\n", property_text(name, true), property_text(value, false));
  }
  return out;
}

std::string to_hosts_file(const std::vector<HostLine>& lines) {
  std::string out;
  for (const auto& line : lines) out += fmt::format("{} {}\n", line.address, line.name);
  return out;
}

}  // namespace bdaas
