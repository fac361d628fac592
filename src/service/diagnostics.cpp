#include "service/diagnostics.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"

namespace bdaas {
namespace {

constexpr std::size_t kSentenceBytesMax = 400;
// EXIT_SC_NOT_INITED of Spark's ApplicationMaster.
constexpr std::string_view kNoSparkContext = "13";
constexpr const char* kMoreMemory = "give it more with --memory or take fewer workers";

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

// The deepest cause, nothing when there is but one exception.
std::optional<std::string_view> deepest_cause(std::string_view diagnostics) {
  const std::string_view mark = "\nCaused by: ";
  const auto at = diagnostics.rfind(mark);
  if (at == diagnostics.npos) return std::nullopt;
  return after(diagnostics.substr(at), mark);
}

std::string explain_exception(std::string_view diagnostics, std::string_view thrown) {
  const auto cause = deepest_cause(diagnostics);
  const std::string_view real = cause.value_or(thrown);
  if (real.find("OutOfMemoryError") != real.npos) {
    return fmt::format("the program ran out of memory ({}): {}", sentence(real), kMoreMemory);
  }
  // Of a failed task Spark's own words around the exception help nobody.
  if (thrown.find("Job aborted due to stage failure") != thrown.npos || !cause) {
    return "the program failed with " + sentence(real);
  }
  return fmt::format("the program failed with {} (caused by {})", sentence(thrown),
                     sentence(*cause));
}

std::optional<std::string> killed_from_outside(std::string_view exit_code) {
  if (exit_code == "137") {
    return "its driver was killed (SIGKILL): the machine may have run out of memory";
  }
  if (exit_code == "143") return "its driver was ended from outside (SIGTERM)";
  if (exit_code == "154") {  // ContainerExecutor.ExitCode.LOST
    return "its driver was lost: it died together with the NodeManager that watched it";
  }
  return std::nullopt;
}

}  // namespace

std::string explain_failure(std::string_view diagnostics) {
  if (const auto thrown = after(diagnostics, "User class threw exception:")) {
    return explain_exception(diagnostics, *thrown);
  }
  if (const auto status = after(diagnostics, "User application exited with status")) {
    return fmt::format("the program ended with exit code {}", digits_of(*status));
  }
  for (const char* mark : {"beyond the 'PHYSICAL' memory limit", "beyond physical memory limits"}) {
    if (diagnostics.find(mark) == diagnostics.npos) continue;
    return fmt::format(
        "YARN ended its container because it took more memory than it was promised: {}",
        kMoreMemory);
  }
  if (const auto code = after(diagnostics, "exitCode:")) {
    const std::string digits = digits_of(*code);
    if (auto killed = killed_from_outside(digits)) return *std::move(killed);
    if (digits == kNoSparkContext) {
      return "the program ended without having made a SparkContext, which YARN waits for; a "
             "program "
             "that needs none runs with --master standalone";
    }
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
