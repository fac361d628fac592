#pragma once
// JSON Schema (2020-12, as OpenAPI 3.1 uses it) out of field lists, enum tables and rules.h.

#include <string>
#include <type_traits>

#include "api/rules.h"
#include "base/json.h"

namespace bdaas::api {

// "Job", "JobStateStatus" for Status<JobState>, "JobPage" for Page<Job>: the compiler's name,
// readable.
template <class T>
std::string schema_name();
std::string schema_name_from(std::string_view pretty_function);

template <class T>
std::string schema_name() {
  return schema_name_from(__PRETTY_FUNCTION__);
}

// Nodes and leases are numbered within their cluster and carry its id; all others are new_id()s.
template <class IdType>
std::string id_pattern() {
  constexpr bool numbered = std::is_same_v<IdType, NodeId> || std::is_same_v<IdType, LeaseId>;
  return fmt::format("^{}-[a-z0-9]{{12}}{}$", IdType::tag::prefix, numbered ? "-[0-9]+" : "");
}

// Collects the named schemas that it meets.
class Schemas {
 public:
  // A reference for named types, else the schema itself.
  template <class T>
  json::object of(const FieldRule* rule = nullptr);

  json::object take() { return std::move(components_); }

 private:
  template <class T>
  json::object object_of();
  template <class T>
  json::object enum_of();
  template <class T, class Make>
  json::object reference(Make make);

  json::object components_;
};

json::object text_schema(const FieldRule* rule);
json::object number_schema(const FieldRule* rule);
// As an absent value may also be written: null.
json::object or_null(json::object schema);

template <class T>
json::object Schemas::of(const FieldRule* rule) {
  using namespace json_detail;
  if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (TextEnum<T>) {
    return reference<T>([this] { return enum_of<T>(); });
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Millis>) {
    return number_schema(rule);
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (is_id<T>::value) {
    return {{"type", "string"}, {"pattern", id_pattern<T>()}};
  } else if constexpr (std::is_same_v<T, Time>) {
    return {{"type", "string"}, {"format", "date-time"}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return text_schema(rule);
  } else if constexpr (is_optional<T>::value) {
    return of<typename T::value_type>(rule);
  } else if constexpr (is_vector<T>::value) {
    json::object schema{{"type", "array"}, {"items", of<typename T::value_type>(rule)}};
    if (rule && rule->items_max > 0) schema["maxItems"] = rule->items_max;
    return schema;
  } else if constexpr (is_string_map<T>::value) {
    json::object schema{{"type", "object"},
                        {"additionalProperties", of<typename T::mapped_type>(rule)}};
    if (rule) schema["propertyNames"] = text_schema(rule);
    if (rule && rule->items_max > 0) schema["maxProperties"] = rule->items_max;
    return schema;
  } else {
    return reference<T>([this] { return object_of<T>(); });
  }
}

template <class T, class Make>
json::object Schemas::reference(Make make) {
  const std::string name = schema_name<T>();
  if (!components_.contains(name)) {
    components_[name] = json::object{};  // taken, should it meet itself
    json::object made = make();
    components_[name] = std::move(made);
  }
  return {{"$ref", "#/components/schemas/" + name}};
}

template <class T>
json::object Schemas::enum_of() {
  json::array values;
  for (const auto& row : enum_table(T{})) values.push_back(json::string(row.text));
  return {{"type", "string"}, {"enum", std::move(values)}};
}

template <class T>
json::object Schemas::object_of() {
  json::object properties;
  json::array required;
  const T defaults{};
  for_each_field<T>([&](const auto& field) {
    using Member = std::decay_t<decltype(defaults.*(field.member))>;
    json::object schema = of<Member>(rule_of<T>(field.name));
    if (field.required) {
      required.push_back(json::string(field.name));
    } else {
      schema = or_null(std::move(schema));
      if constexpr (has_rules<T> && !json_detail::is_optional<Member>::value &&
                    !HasFields<Member>) {
        schema["default"] = to_json(defaults.*(field.member));
      }
    }
    if (!field.doc.empty()) schema["description"] = field.doc;
    properties[field.name] = std::move(schema);
  });
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace bdaas::api
