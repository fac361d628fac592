// Server-sent events.

#include <vector>

#include "cli/sse.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bdaas;
  fuzz::same_in_pieces(fuzz::text_of(data, size), [](const std::vector<std::string_view>& pieces) {
    cli::SseParser parser;
    std::string all;
    for (const auto piece : pieces) {
      for (const auto& event : parser.feed(piece)) {
        all += fmt::format("{}\x01{}\x02", event.id, event.data);
      }
    }
    return all;
  });
  return 0;
}
