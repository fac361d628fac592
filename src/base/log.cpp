#include "base/log.h"

#define SPDLOG_PREVENT_CHILD_FD  // log files are closed on exec
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <string>

#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogSink final : public LogSink {
 public:
  explicit SpdlogSink(spdlog::sink_ptr sink) : logger_("bdaas", std::move(sink)) {
    logger_.set_level(spdlog::level::debug);
    logger_.flush_on(spdlog::level::debug);  // the last line before a crash is the one that matters
    logger_.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }

  void write(LogLevel level, std::string_view text) override {
    std::string line(text.substr(0, kLineBytesMax));
    std::replace(line.begin(), line.end(), '\n', ' ');
    logger_.log(spdlog_level(level), spdlog::string_view_t(line));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

Log Log::to_stderr(LogLevel from) {
  return {std::make_shared<SpdlogSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>()), from};
}

Result<Log> Log::to_file(const LogFile& file, LogLevel from) {
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        file.path.native(), file.bytes_max, static_cast<std::size_t>(file.old_files));
    return Log(std::make_shared<SpdlogSink>(std::move(sink)), from);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::internal, "cannot write the log '{}': {}", printable(file.path.native()),
                exception.what());
  }
}

}  // namespace bdaas
