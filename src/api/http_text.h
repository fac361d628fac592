#pragma once
// The texts of HTTP: percent-encoding, query strings, header values, the head of a response. Pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "base/clock.h"
#include "base/result.h"

namespace bdaas::api {

// %41 → A; invalid_argument for a broken escape. '+' stays unless it is a query's.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// "/v1/jobs/j-1" → {"v1", "jobs", "j-1"}, decoded; a trailing slash gives an empty last part.
Result<std::vector<std::string>> split_path(std::string_view path);

// "a=1&b=x%20y"; a name given twice is refused.
Result<std::map<std::string, std::string>> parse_query(std::string_view query);

// The media type of a Content-Type or one element of Accept, in lower case, without parameters.
std::string media_type(std::string_view value);

// Does an Accept header name this media type itself (a wildcard does not count)?
bool accepts(std::string_view accept, std::string_view type);

// One byte range of a content of `size` bytes, as in "bytes=0-99", "bytes=100-", "bytes=-5".
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
};
enum class RangeVerdict { whole, part, unsatisfiable };
// Several ranges, another unit and what cannot be read mean the whole (RFC 9110, 14.2).
RangeVerdict parse_range(std::string_view header, std::uint64_t size, ByteRange& range);

// Digits only, no sign, no spaces; fits 63 bits.
Result<std::uint64_t> parse_whole_number(std::string_view text, std::string_view what);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
std::string http_date(Time time);

std::string_view status_phrase(int status);

// Status line, headers, empty line. Characters that would end a header line early are replaced by
// spaces.
std::string response_head(int status, const std::vector<HttpHeader>& headers);

}  // namespace bdaas::api
