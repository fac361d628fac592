#include "service/diagnostics.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"

namespace bdaas {
namespace {

constexpr std::size_t kSentenceBytesMax = 400;

// The line's rest after `mark`; nothing when the mark is absent.
std::optional<std::string_view> after(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + mark.size());
  text = text.substr(0, text.find('\n'));
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('.') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string sentence(std::string_view text) {
  if (text.size() <= kSentenceBytesMax) return repair_utf8(std::string(text));
  return repair_utf8(std::string(text.substr(0, kSentenceBytesMax))) + "…";
}

std::string digits_of(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789");
  return std::string(text.substr(0, end));
}

// The deepest cause is what really happened; Spark wraps it.
std::string_view deepest_cause(std::string_view diagnostics, std::string_view fallback) {
  const std::string_view mark = "\nCaused by: ";
  const auto at = diagnostics.rfind(mark);
  if (at == diagnostics.npos) return fallback;
  return after(diagnostics.substr(at), mark).value_or(fallback);
}

std::optional<std::string> killed_by_signal(std::string_view exit_code) {
  if (exit_code == "137") {
    return "its driver was killed (SIGKILL): the machine may have run out of memory";
  }
  if (exit_code == "143") return "its driver was ended from outside (SIGTERM)";
  return std::nullopt;
}

}  // namespace

std::string explain_failure(std::string_view diagnostics) {
  if (const auto thrown = after(diagnostics, "User class threw exception:")) {
    return sentence(fmt::format("the program failed with {}", deepest_cause(diagnostics, *thrown)));
  }
  if (const auto status = after(diagnostics, "User application exited with status")) {
    return fmt::format("the program ended with exit code {}", digits_of(*status));
  }
  if (diagnostics.find("running beyond physical memory limits") != diagnostics.npos ||
      diagnostics.find("exceeding physical memory limits") != diagnostics.npos) {
    return "YARN ended its container because it took more memory than it was promised: give it "
           "more "
           "with --memory or take fewer workers";
  }
  if (const auto code = after(diagnostics, "exitCode:")) {
    const std::string digits = digits_of(*code);
    if (auto killed = killed_by_signal(digits)) return *std::move(killed);
    for (const char* mark : {"\nCaused by: ", "Exception in thread \"main\" ", "Error: "}) {
      if (const auto cause = after(diagnostics, mark)) {
        return sentence(fmt::format("its driver ended with exit code {}: {}", digits, *cause));
      }
    }
    return fmt::format("its driver ended with exit code {}", digits);
  }
  if (diagnostics.find("Shutdown hook called before final status") != diagnostics.npos) {
    return "the program ended itself before Spark had finished (it called exit)";
  }
  return sentence(after(diagnostics, "").value_or(""));
}

}  // namespace bdaas
