// The texts of HTTP: paths, queries, ranges, and the headers of tus.

#include <algorithm>
#include <vector>

#include "api/http_text.h"
#include "api/tus.h"
#include "fuzz/fuzz.h"
#include "net/url.h"

namespace {

void try_range(std::string_view text) {
  constexpr std::uint64_t kSize = 1000;
  bdaas::api::ByteRange range;
  if (bdaas::api::parse_range(text, kSize, range) != bdaas::api::RangeVerdict::part) return;
  bdaas::fuzz::require(range.first <= range.last && range.last < kSize, "a range lies within");
}

void try_url(std::string_view text) {
  const auto url = bdaas::parse_url(text);
  if (!url.ok()) return;
  const auto again = bdaas::parse_url(url->origin() + url->target);
  bdaas::fuzz::require(again.ok() && again->host == url->host && again->port == url->port &&
                           again->target == url->target,
                       "a URL survives its text");
}

void try_tus(std::string_view text) {
  bdaas::api::HttpRequest request;
  request.headers = {{"upload-length", "10"},
                     {"upload-metadata", std::string(text)},
                     {"upload-checksum", std::string(text)}};
  static_cast<void>(bdaas::api::read_checksum(request));
  if (!bdaas::api::read_creation(request).ok()) return;
  bdaas::fuzz::require(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' '; }),
                       "metadata that is taken may be answered as a header");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = bdaas::fuzz::text_of(data, size);
  static_cast<void>(bdaas::api::split_path(text));
  static_cast<void>(bdaas::api::parse_query(text));
  static_cast<void>(bdaas::api::media_type(text));
  static_cast<void>(bdaas::api::accepts(text, "application/json"));
  static_cast<void>(bdaas::api::parse_whole_number(text, "n"));
  try_range(text);
  try_url(text);
  try_tus(text);
  return 0;
}
