#include "base/clock.h"

#include <cctype>
#include <ctime>

namespace bdaas {

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Time time) {
  const auto ms = time.time_since_epoch().count();
  const std::time_t seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     ms - static_cast<long long>(seconds) * 1000);
}

Result<Time> from_rfc3339(std::string_view text) {
  std::tm utc{};
  int ms = 0;
  char zone = 0;
  const std::string copy(text);
  const int read = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &utc.tm_year,
                               &utc.tm_mon, &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec,
                               &ms, &zone);
  if (read != 8 || zone != 'Z' || copy.size() != 24) {
    return fail(ErrorKind::invalid_argument,
                "'{}' is not a time; write it like 2026-01-31T08:00:00.000Z", text);
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return Time{Millis{static_cast<long long>(timegm(&utc)) * 1000 + ms}};
}

std::string human_duration(Millis span) {
  const long long ms = span.count();
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  const long long seconds = ms / 1000;
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace bdaas
