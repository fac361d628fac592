#include "agent/instant.h"

#include <ctime>

#include "base/files.h"

namespace bdaas {

BootClock::time_point BootClock::now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return time_point{Millis{time.tv_sec * 1000LL + time.tv_nsec / 1'000'000}};
}

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 64).value_or("");
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace bdaas
