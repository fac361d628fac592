#include "api/schema.h"

namespace bdaas::api {

namespace {

// "bdaas::Status<bdaas::JobState>" → "JobStateStatus".
std::string readable(std::string_view type) {
  const auto scope = type.substr(0, type.find('<')).rfind("::");
  if (scope != std::string_view::npos) type.remove_prefix(scope + 2);
  const auto open = type.find('<');
  if (open == std::string_view::npos) return std::string(type);
  const auto inner = type.substr(open + 1, type.rfind('>') - open - 1);
  return readable(inner) + std::string(type.substr(0, open));
}

}  // namespace

// "std::string bdaas::api::schema_name() [with T = bdaas::Job; std::string = …]"
std::string schema_name_from(std::string_view pretty_function) {
  constexpr std::string_view kMark = "T = ";
  const auto begin = pretty_function.find(kMark) + kMark.size();
  return readable(
      pretty_function.substr(begin, pretty_function.find_first_of(";]", begin) - begin));
}

json::object text_schema(const FieldRule* rule) {
  json::object schema{{"type", "string"}};
  if (rule == nullptr || rule->length_max == 0) return schema;
  schema["maxLength"] = rule->length_max;
  schema["pattern"] = rule->text == Text::line ? R"(^[^\u0000-\u001f\u007f]*$)" : R"(^[^\u0000]*$)";
  return schema;
}

json::object number_schema(const FieldRule* rule) {
  json::object schema{{"type", "integer"}, {"format", "int64"}};
  if (rule == nullptr || rule->max == 0) return schema;
  schema["minimum"] = rule->min;
  schema["maximum"] = rule->max;
  return schema;
}

json::object or_null(json::object schema) {
  if (schema.contains("$ref")) {
    json::array choices;
    choices.push_back(std::move(schema));
    choices.push_back(json::object{{"type", "null"}});
    return {{"anyOf", std::move(choices)}};
  }
  schema["type"] = json::array{schema["type"], "null"};
  return schema;
}

}  // namespace bdaas::api
