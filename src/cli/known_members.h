#pragma once
// A manager newer than this CLI may answer with more members than the model knows. from_json
// refuses them, which is right for a server; a client leaves them out first.

#include "base/json.h"

namespace bdaas::cli {

template <class T>
json::value known_members(const json::value& value) {
  using namespace json_detail;
  if constexpr (HasFields<T>) {
    if (!value.is_object()) return value;
    json::object known;
    for_each_field<T>([&](const auto& field) {
      using Member = std::decay_t<decltype(std::declval<T>().*(field.member))>;
      const auto* item = value.get_object().if_contains(field.name);
      if (item != nullptr) known[field.name] = known_members<Member>(*item);
    });
    return known;
  } else if constexpr (is_optional<T>::value) {
    return known_members<typename T::value_type>(value);
  } else if constexpr (is_vector<T>::value) {
    if (!value.is_array()) return value;
    json::array items;
    for (const auto& item : value.get_array()) {
      items.push_back(known_members<typename T::value_type>(item));
    }
    return items;
  } else {
    return value;
  }
}

// An answer of the manager as a noun.
template <class T>
Result<T> noun_from(const json::value& value) {
  return from_json<T>(known_members<T>(value)).context("the manager's answer");
}

template <class T>
Result<std::vector<T>> nouns_from(const json::array& items) {
  std::vector<T> nouns;
  for (const auto& item : items) {
    BDAAS_ASSIGN(auto noun, noun_from<T>(item));
    nouns.push_back(std::move(noun));
  }
  return nouns;
}

}  // namespace bdaas::cli
