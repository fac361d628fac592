#pragma once
// URLs as this project writes and reads them: http and https, RFC 3986. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bdaas {

struct Url {
  std::string scheme;  // http or https
  std::string host;    // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string target;  // path and query as they stand, at least "/"

  std::string origin() const;  // scheme://host:port
};

// Refuses other schemes, user names inside, fragments, blanks and control characters
// (invalid_argument).
Result<Url> parse_url(std::string_view text);

// Every byte but A-Z a-z 0-9 - . _ ~ and those in `kept` becomes %XX. For a path keep "/".
std::string percent_encode(std::string_view text, std::string_view kept = {});
Result<std::string> percent_decode(std::string_view text);

// "a=1&b=x%20y", in the given order.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters);

// 127.0.0.0/8, ::1, localhost and names below it.
bool is_loopback(std::string_view host);

}  // namespace bdaas
