#pragma once
// JSON in and out by field lists, on Boost.JSON. Errors carry the path: "workers: expected a whole
// number".
// A type takes part by fields() (see fields.h), by an enum table, or by being one of the plain
// types below.

#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/enum_text.h"
#include "base/fields.h"
#include "base/id.h"
#include "base/nearest.h"
#include "base/result.h"

namespace bdaas {

namespace json = boost::json;

// Depth and size are bounded by the parser; the text must be UTF-8.
Result<json::value> parse_json(std::string_view text);
std::string write_json(const json::value& value);         // compact, keys in field-list order
std::string write_json_pretty(const json::value& value);  // two spaces, for people

namespace json_detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};

inline Error wrong(std::string_view path, std::string_view expected) {
  return fail(ErrorKind::invalid_argument, "{}: expected {}", path.empty() ? "request" : path,
              expected);
}

inline std::string below(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

}  // namespace json_detail

template <class T>
json::value to_json(const T& value);

template <class T>
Result<T> from_json(const json::value& value, std::string_view path = {});

// ---- writing ----

template <HasFields T>
json::object fields_to_json(const T& value) {
  json::object object;
  for_each_field<T>([&](const auto& field) {
    const auto& member = value.*(field.member);
    if constexpr (json_detail::is_optional<std::decay_t<decltype(member)>>::value) {
      if (!member) return;
    }
    object[field.name] = to_json(member);
  });
  return object;
}

template <class T>
json::value to_json(const T& value) {
  using namespace json_detail;
  if constexpr (std::is_same_v<T, json::value> || std::is_same_v<T, json::object> ||
                std::is_same_v<T, json::array>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else if constexpr (TextEnum<T>) {
    return json::string(to_text(value));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return value;
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return json::string(std::string_view(value));
  } else if constexpr (is_id<T>::value) {
    return json::string(value.text);
  } else if constexpr (std::is_same_v<T, Time>) {
    return json::string(to_rfc3339(value));
  } else if constexpr (std::is_same_v<T, Millis>) {
    return value.count();
  } else if constexpr (is_optional<T>::value) {
    return value ? to_json(*value) : json::value(nullptr);
  } else if constexpr (is_vector<T>::value) {
    json::array array;
    array.reserve(value.size());
    for (const auto& item : value) array.push_back(to_json(item));
    return array;
  } else if constexpr (is_string_map<T>::value) {
    json::object object;
    for (const auto& [key, item] : value) object[key] = to_json(item);
    return object;
  } else {
    return fields_to_json(value);
  }
}

// ---- reading ----

template <HasFields T>
Result<T> fields_from_json(const json::value& value, std::string_view path) {
  using namespace json_detail;
  if (!value.is_object()) return wrong(path, "an object");
  const json::object& object = value.get_object();
  T result{};
  std::optional<Error> error;
  std::size_t seen = 0;
  for_each_field<T>([&](const auto& field) {
    if (error) return;
    const auto* item = object.if_contains(field.name);
    if (item == nullptr || item->is_null()) {
      if (item != nullptr) ++seen;
      if (field.required) error = wrong(below(path, field.name), "a value; it is required");
      return;
    }
    ++seen;
    using Member = std::decay_t<decltype(result.*(field.member))>;
    auto member = from_json<Member>(*item, below(path, field.name));
    if (member) {
      result.*(field.member) = std::move(member).value();
    } else {
      error = std::move(member).error();
    }
  });
  if (error) return *std::move(error);
  if (seen == object.size()) return result;
  std::vector<std::string_view> names;
  for_each_field<T>([&](const auto& field) { names.push_back(field.name); });
  for (const auto& item : object) {
    const std::string_view key = item.key();
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    return fail(ErrorKind::invalid_argument, "{}: unknown field{}", below(path, key),
                did_you_mean(key, names));
  }
  return result;
}

template <class Integer>
Result<Integer> integer_from_json(const json::value& value, std::string_view path) {
  using Limits = std::numeric_limits<Integer>;
  if (value.is_uint64() && value.get_uint64() <= static_cast<std::uint64_t>(Limits::max())) {
    return static_cast<Integer>(value.get_uint64());
  }
  if (value.is_int64()) {
    const std::int64_t number = value.get_int64();
    const bool fits =
        number < 0
            ? std::is_signed_v<Integer> && number >= static_cast<std::int64_t>(Limits::min())
            : static_cast<std::uint64_t>(number) <= static_cast<std::uint64_t>(Limits::max());
    if (fits) return static_cast<Integer>(number);
  }
  return json_detail::wrong(path, "a whole number in range");
}

template <class T>
Result<T> from_json(const json::value& value, std::string_view path) {
  using namespace json_detail;
  if constexpr (std::is_same_v<T, json::value>) {
    return value;
  } else if constexpr (std::is_same_v<T, json::object>) {
    if (!value.is_object()) return wrong(path, "an object");
    return value.get_object();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_bool()) return wrong(path, "true or false");
    return value.get_bool();
  } else if constexpr (TextEnum<T>) {
    if (value.is_string()) {
      if (auto found = from_text<T>(std::string_view(value.get_string()))) return *found;
    }
    std::string choices;
    for (const auto& row : enum_table(T{})) {
      choices += choices.empty() ? "one of " : ", ";
      choices += row.text;
    }
    return wrong(path, choices);
  } else if constexpr (std::is_integral_v<T>) {
    return integer_from_json<T>(value, path);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) return wrong(path, "a number");
    return value.to_number<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) return wrong(path, "a string");
    return std::string(std::string_view(value.get_string()));
  } else if constexpr (is_id<T>::value) {
    if (!value.is_string()) return wrong(path, "an id");
    return T{std::string(std::string_view(value.get_string()))};
  } else if constexpr (std::is_same_v<T, Time>) {
    if (!value.is_string()) return wrong(path, "a time");
    return from_rfc3339(std::string_view(value.get_string())).context(path);
  } else if constexpr (std::is_same_v<T, Millis>) {
    BDAAS_ASSIGN(const auto count, integer_from_json<std::int64_t>(value, path));
    return Millis{count};
  } else if constexpr (is_optional<T>::value) {
    if (value.is_null()) return T{};
    BDAAS_ASSIGN(auto inner, from_json<typename T::value_type>(value, path));
    return T{std::move(inner)};
  } else if constexpr (is_vector<T>::value) {
    if (!value.is_array()) return wrong(path, "an array");
    T result;
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      BDAAS_ASSIGN(auto item, from_json<typename T::value_type>(value.get_array()[i],
                                                                fmt::format("{}[{}]", path, i)));
      result.push_back(std::move(item));
    }
    return result;
  } else if constexpr (is_string_map<T>::value) {
    if (!value.is_object()) return wrong(path, "an object");
    T result;
    for (const auto& entry : value.get_object()) {
      BDAAS_ASSIGN(auto item,
                   from_json<typename T::mapped_type>(entry.value(), below(path, entry.key())));
      result.emplace(std::string(std::string_view(entry.key())), std::move(item));
    }
    return result;
  } else {
    return fields_from_json<T>(value, path);
  }
}

}  // namespace bdaas
