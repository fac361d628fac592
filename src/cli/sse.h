#pragma once
// Server-sent events out of a byte stream, as the HTML standard describes them
// ("text/event-stream"): what we use of it, that is id and data. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace bdaas::cli {

struct SseEvent {
  std::string id;
  std::string data;
};

class SseParser {
 public:
  // Events that are complete with these bytes. Comments and unknown fields are passed over.
  std::vector<SseEvent> feed(std::string_view bytes);

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& events);

  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace bdaas::cli
