#include "base/json.h"

#include <boost/json/src.hpp>

namespace bdaas {

namespace {

void pretty(const json::value& value, int depth, std::string& out) {
  const std::string inner(static_cast<std::size_t>(depth + 1) * 2, ' ');
  const std::string outer(static_cast<std::size_t>(depth) * 2, ' ');
  if (value.is_object() && !value.get_object().empty()) {
    const char* separator = "{\n";
    for (const auto& item : value.get_object()) {
      out += separator + inner + json::serialize(json::string(item.key())) + ": ";
      pretty(item.value(), depth + 1, out);
      separator = ",\n";
    }
    out += "\n" + outer + "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    const char* separator = "[\n";
    for (const auto& item : value.get_array()) {
      out += separator + inner;
      pretty(item, depth + 1, out);
      separator = ",\n";
    }
    out += "\n" + outer + "]";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return fail(ErrorKind::invalid_argument, "not valid JSON: {}", error.message());
  return value;
}

std::string write_json(const json::value& value) { return json::serialize(value); }

std::string write_json_pretty(const json::value& value) {
  std::string out;
  pretty(value, 0, out);
  return out + "\n";
}

}  // namespace bdaas
