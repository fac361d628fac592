#include "api/http_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace bdaas::api {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Calls visit with each part of text between separators.
template <class Visit>
void split(std::string_view text, char separator, Visit&& visit) {
  for (;;) {
    const auto at = text.find(separator);
    visit(text.substr(0, at));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorKind::invalid_argument,
                    "the address has a '%' that is not followed by two hexadecimal digits");
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Result<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> parts;
  std::optional<Error> error;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  split(path, '/', [&](std::string_view part) {
    auto decoded = percent_decode(part);
    if (decoded) {
      parts.push_back(std::move(decoded).value());
    } else {
      error = std::move(decoded).error();
    }
  });
  if (error) return *std::move(error);
  return parts;
}

Result<std::map<std::string, std::string>> parse_query(std::string_view query) {
  std::map<std::string, std::string> values;
  std::optional<Error> error;
  split(query, '&', [&](std::string_view part) {
    if (part.empty() || error) return;
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!name || !value) {
      error = std::move(name ? value : name).error();
    } else if (!values.emplace(*name, *value).second) {
      error = fail(ErrorKind::invalid_argument, "query parameter {} is given twice", *name);
    }
  });
  if (error) return *std::move(error);
  return values;
}

std::string media_type(std::string_view value) {
  std::string type(trim(value.substr(0, value.find(';'))));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

bool accepts(std::string_view accept, std::string_view type) {
  bool found = false;
  split(accept, ',', [&](std::string_view element) { found |= media_type(element) == type; });
  return found;
}

RangeVerdict parse_range(std::string_view header, std::uint64_t size, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return RangeVerdict::whole;
  const auto spec = trim(header.substr(kUnit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) {
    return RangeVerdict::whole;
  }
  const auto first = parse_whole_number(spec.substr(0, dash), "range");
  const auto last = parse_whole_number(spec.substr(dash + 1), "range");
  if (dash == 0) {  // the last so many bytes
    if (!last) return RangeVerdict::whole;
    if (*last == 0 || size == 0) return RangeVerdict::unsatisfiable;
    range = {size - std::min(size, *last), size - 1};
    return RangeVerdict::part;
  }
  const bool open_ended = dash + 1 == spec.size();
  if (!first || (!last && !open_ended) || (last && *last < *first)) return RangeVerdict::whole;
  if (*first >= size) return RangeVerdict::unsatisfiable;
  range = {*first, open_ended ? size - 1 : std::min(*last, size - 1)};
  return RangeVerdict::part;
}

Result<std::uint64_t> parse_whole_number(std::string_view text, std::string_view what) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stopped != end || text.front() == '-') {
    return fail(ErrorKind::invalid_argument, "{}: expected a whole number, not '{}'", what,
                text.substr(0, 40));
  }
  return static_cast<std::uint64_t>(number);
}

std::string_view status_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 460:
      return "Checksum Mismatch";  // tus 1.0
    case 499:
      return "Cancelled";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string http_date(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  // No locale is ever set here: the names are English.
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

std::string response_head(int status, const std::vector<HttpHeader>& headers) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, status_phrase(status));
  for (const auto& [name, value] : headers) {
    head += name;
    head += ": ";
    for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    head += "\r\n";
  }
  return head + "\r\n";
}

}  // namespace bdaas::api
