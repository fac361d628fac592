#pragma once
// Log lines: a value handed on by constructor, cheap to copy, all copies write to one place.
// Thread-safe. One message is one line: time, level, text. No global logger.

#include <fmt/core.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/enum_text.h"
#include "base/files.h"

namespace bdaas {

enum class LogLevel { debug, info, warning, error };
constexpr auto enum_table(LogLevel) {
  using enum LogLevel;
  return enum_rows<LogLevel>(
      {{debug, "debug"}, {info, "info"}, {warning, "warning"}, {error, "error"}});
}

struct LogFile {
  fs::path path;
  std::uint64_t bytes_max = 8u << 20;  // of one file; then it becomes path.1, path.1 path.2, …
  int old_files = 2;                   // kept beside the present one
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(LogLevel level, std::string_view text) = 0;  // any thread
};

class Log {
 public:
  Log() = default;  // drops everything
  Log(std::shared_ptr<LogSink> sink, LogLevel from) : sink_(std::move(sink)), from_(from) {}

  static Log to_stderr(LogLevel from = LogLevel::info);
  static Result<Log> to_file(const LogFile& file, LogLevel from = LogLevel::info);

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::warning, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (sink_ && level >= from_) {
      sink_->write(level, fmt::format(format, std::forward<Args>(args)...));
    }
  }

  std::shared_ptr<LogSink> sink_;
  LogLevel from_ = LogLevel::info;
};

}  // namespace bdaas
