#pragma once
// Messages are lines (model/agent_messages.h): cuts a byte stream into them. Bounded; no I/O; one
// owner.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bdaas {

class LineBuffer {
 public:
  explicit LineBuffer(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  // Refuses to hold a longer unfinished line than allowed; the stream is of no use then. Take all
  // lines by next() between two appends, else finished ones count too.
  Result<> append(std::string_view bytes) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    if (buffer_.empty()) buffer_.shrink_to_fit();  // one large message must not stay in memory
    if (buffer_.size() + std::min(bytes.find('\n'), bytes.size()) > line_bytes_max_) {
      return fail(ErrorKind::invalid_argument, "a message is longer than {} bytes",
                  line_bytes_max_);
    }
    buffer_ += bytes;
    return {};
  }

  // The next whole line without its '\n', valid until append().
  std::optional<std::string_view> next() {
    const auto end = buffer_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    const auto line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = scanned_ = end + 1;
    return line;
  }

 private:
  std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the line that comes next
  std::size_t scanned_ = 0;  // no '\n' between begin_ and here
};

}  // namespace bdaas
