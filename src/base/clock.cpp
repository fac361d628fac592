#include "base/clock.h"

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

namespace {

// The number that stands at text[begin, begin + digits), or -1.
int digits_at(std::string_view text, std::size_t begin, std::size_t digits) {
  int number = 0;
  for (const char c : text.substr(begin, digits)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

bool is_within(int number, int least, int most) { return number >= least && number <= most; }

}  // namespace

Result<Time> from_rfc3339(std::string_view text) {
  static constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  const auto refuse = [&] {
    return fail(ErrorKind::invalid_argument,
                "'{}' is not a time; write it like 2026-01-31T08:00:00.000Z", text);
  };
  if (text.size() != kShape.size()) return refuse();
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != '0' && text[i] != kShape[i]) return refuse();
  }
  const int hour = digits_at(text, 11, 2);
  const int minute = digits_at(text, 14, 2);
  const int second = digits_at(text, 17, 2);
  const int ms = digits_at(text, 20, 3);
  const int year = digits_at(text, 0, 4);
  const int month = digits_at(text, 5, 2);
  const int day = digits_at(text, 8, 2);
  const bool in_range = is_within(hour, 0, 23) && is_within(minute, 0, 59) &&
                        is_within(second, 0, 59) && ms >= 0 && year >= 0 && month >= 0 && day >= 0;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in_range || !date.ok()) return refuse();
  return Time{std::chrono::sys_days(date)} + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + Millis(ms);
}

std::string human_duration(Millis span) {
  const long long ms = span.count();
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
  const long long seconds = ms / 1000;
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace bdaas
