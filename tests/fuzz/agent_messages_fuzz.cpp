// Lines between manager and agents: what is read and written again reads the same.

#include <vector>

#include "fuzz/fuzz.h"
#include "model/agent_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bdaas;
  const auto text = fuzz::text_of(data, size);
  if (const auto order = read_order(text); order.ok()) {
    const std::string line = write_order(*order);
    const auto again = read_order(line);
    fuzz::require(again.ok() && write_order(*again) == line, "an order survives its line");
  }
  if (const auto report = read_report(text); report.ok()) {
    const std::string line = write_report(*report);
    const auto again = read_report(line);
    fuzz::require(again.ok() && write_report(*again) == line, "a report survives its line");
  }
  return 0;
}
