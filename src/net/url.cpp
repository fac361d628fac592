#include "net/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/os_error.h"

namespace bdaas {

namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool read_port(std::string_view text, std::uint16_t& port) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stopped == end && port > 0;
}

// host, host:port, [v6] or [v6]:port.
bool read_authority(std::string_view text, Url& url) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == text.npos) return false;
  url.host = lower(text.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0)));
  const std::string_view rest = text.substr(end + (bracketed ? 1 : 0));
  if (url.host.empty()) return false;
  const bool fits = std::all_of(url.host.begin(), url.host.end(), [&](char c) {
    return is_unreserved(c) || (bracketed && c == ':');
  });
  return fits && (rest.empty() || (rest[0] == ':' && read_port(rest.substr(1), url.port)));
}

}  // namespace

std::string Url::origin() const {
  const bool v6 = host.find(':') != host.npos;
  return fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorKind::invalid_argument,
                "'{}' is not an address of the form http://host:port/path", printable(text));
  };
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '#';
  });
  const std::size_t colon = text.find("://");
  if (!clean || colon == text.npos) return refuse();
  Url url{.scheme = lower(text.substr(0, colon))};
  if (url.scheme != "http" && url.scheme != "https") return refuse();
  url.port = url.scheme == "https" ? 443 : 80;
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!read_authority(rest.substr(0, end), url)) return refuse();
  url.target = fmt::format("{}{}", rest.substr(end, 1) == "/" ? "" : "/", rest.substr(end));
  return url;
}

std::string percent_encode(std::string_view text, std::string_view kept) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c) || kept.find(c) != kept.npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[static_cast<unsigned char>(c) >> 4];
      encoded += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return encoded;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(ErrorKind::invalid_argument, "'{}' has a '%' without two hex digits",
                  printable(text));
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!query.empty()) query += '&';
    query += percent_encode(name) + "=" + percent_encode(value);
  }
  return query;
}

bool is_loopback(std::string_view host) {
  const std::string name = lower(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return name == "::1" || name == "localhost" || name.ends_with(".localhost");
}

}  // namespace bdaas
