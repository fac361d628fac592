#include "base/shell_quote.h"

namespace bdaas {

std::string shell_quote(const std::vector<std::string>& argv) {
  std::string text;
  for (const auto& argument : argv) {
    text += text.empty() ? "'" : " '";
    for (const char c : argument) {
      if (c == '\'') {
        text += "'\\''";  // ends the quotes, a quote by itself, begins them again
      } else {
        text += c;
      }
    }
    text += '\'';
  }
  return text;
}

}  // namespace bdaas
