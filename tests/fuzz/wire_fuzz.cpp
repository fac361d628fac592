// Hadoop's RPC answers.

#include <vector>

#include "fuzz/fuzz.h"
#include "service/native/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bdaas;
  auto text = fuzz::text_of(data, size);
  const auto message = WireMessage::read(text);
  if (message.ok()) {
    for (int field = 1; field < 20; ++field) {
      static_cast<void>(message->number(field));
      static_cast<void>(message->signed_number(field));
      static_cast<void>(message->numbers(field));
      for (const auto inner : message->all(field)) {
        fuzz::require(inner.size() <= size, "a field lies within its message");
      }
    }
  }
  while (take_delimited(text).ok()) {
  }
  return 0;
}
