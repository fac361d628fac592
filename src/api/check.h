#pragma once
// Checks a parsed request against the tables of rules.h, through all its members. Errors carry the
// path.

#include "api/rules.h"

namespace bdaas::api {

// "j-" and twelve of a-z0-9: what new_id() makes. Nothing else can be in the store.
template <class Tag>
bool is_well_formed(const Id<Tag>& id) {
  const std::string_view text = id.text;
  const std::string_view prefix = Tag::prefix;
  if (text.size() != prefix.size() + 13 || !text.starts_with(prefix)) return false;
  if (text[prefix.size()] != '-') return false;
  for (const char c : text.substr(prefix.size() + 1)) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'z')) return false;
  }
  return true;
}

// JSON Schema's integer is any number without a fraction, so 2.0 is taken for 2, wherever it
// stands.
void make_whole_numbers_integers(json::value& value);

Result<> check_number(std::int64_t value, const FieldRule& rule, std::string_view path);
Result<> check_text(std::string_view value, const FieldRule& rule, std::string_view path);
Result<> check_items(std::size_t count, const FieldRule& rule, std::string_view path);

template <class T>
Result<> check_value(const T& value, const FieldRule& rule, const std::string& path) {
  using namespace json_detail;
  if constexpr (HasFields<T>) {
    std::optional<Error> error;
    for_each_field<T>([&](const auto& field) {
      if (error) return;
      const FieldRule* own = rule_of<T>(field.name);
      auto checked =
          check_value(value.*(field.member), own ? *own : FieldRule{}, below(path, field.name));
      if (!checked) error = std::move(checked).error();
    });
    if (error) return *std::move(error);
  } else if constexpr (is_id<T>::value) {
    if (!value.empty() && !is_well_formed(value)) {
      return wrong(path, fmt::format("an id such as {}-4k2m9x0p1qzr", T::tag::prefix));
    }
  } else if constexpr (is_optional<T>::value) {
    if (value) return check_value(*value, rule, path);
  } else if constexpr (is_vector<T>::value) {
    BDAAS_TRY(check_items(value.size(), rule, path));
    for (std::size_t i = 0; i < value.size(); ++i) {
      BDAAS_TRY(check_value(value[i], rule, fmt::format("{}[{}]", path, i)));
    }
  } else if constexpr (is_string_map<T>::value) {
    BDAAS_TRY(check_items(value.size(), rule, path));
    for (const auto& [key, item] : value) {
      BDAAS_TRY(check_text(key, rule, path));
      BDAAS_TRY(check_value(item, rule, below(path, key)));
    }
  } else if constexpr (std::is_same_v<T, Millis>) {
    return check_number(value.count(), rule, path);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return check_number(value, rule, path);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return check_text(value, rule, path);
  }
  return {};
}

template <HasFields T>
Result<> check_rules(const T& request) {
  return check_value(request, FieldRule{}, "");
}

}  // namespace bdaas::api
