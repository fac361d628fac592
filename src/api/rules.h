#pragma once
// What the field lists cannot say about a request's values: ranges, lengths, kinds of text. One
// table per type feeds both the check of requests and the OpenAPI description, so they cannot
// disagree. Types without a table are not limited (they are only answered, never asked for).

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "api/requests.h"
#include "model/nouns.h"
#include "stream/uploads.h"

namespace bdaas::api {

enum class Text {
  any,   // but NUL, which no argument vector can carry
  line,  // no control characters: it is shown to people
};

struct FieldRule {
  std::string_view field;
  std::int64_t min = 0;
  std::int64_t max = 0;         // of a number, milliseconds included
  std::int64_t length_max = 0;  // of a text, or of each text of a list or map, in characters
  std::int64_t items_max = 0;   // of a list or map
  Text text = Text::line;
};

// Found by overload; a type takes part by one more of these.
template <class T>
constexpr std::array<FieldRule, 0> field_rules(std::type_identity<T>) {
  return {};
}

inline constexpr std::int64_t kDayMs = 24ll * 3600 * 1000;
inline constexpr std::int64_t kYearMs = 365 * kDayMs;

constexpr auto field_rules(std::type_identity<ClusterSpec>) {
  return std::to_array<FieldRule>({
      {.field = "name", .length_max = 200},
      {.field = "workers", .min = 1, .max = 1000},
      {.field = "provider", .length_max = 64},
      {.field = "engine", .length_max = 64},
      {.field = "release", .length_max = 64},
      {.field = "memory_mib", .min = 0, .max = 1ll << 30},
      {.field = "cores", .min = 0, .max = 1'000'000},
      {.field = "settings", .length_max = 4096, .items_max = 1000},
      {.field = "idle_timeout_ms", .min = 0, .max = kYearMs},
      {.field = "start_timeout_ms", .min = 1000, .max = kDayMs},
  });
}

constexpr auto field_rules(std::type_identity<StepSpec>) {
  return std::to_array<FieldRule>({
      {.field = "name", .length_max = 200},
      {.field = "main_class", .length_max = 1024},
      {.field = "args", .length_max = 65536, .items_max = 10'000, .text = Text::any},
      {.field = "settings", .length_max = 4096, .items_max = 1000},
      {.field = "timeout_ms", .min = 0, .max = kYearMs},
  });
}

constexpr auto field_rules(std::type_identity<JobSpec>) {
  return std::to_array<FieldRule>({
      {.field = "name", .length_max = 200},
      {.field = "main_class", .length_max = 1024},
      {.field = "args", .length_max = 65536, .items_max = 10'000, .text = Text::any},
      {.field = "data", .items_max = 1000},
      {.field = "timeout_ms", .min = 0, .max = kYearMs},
      {.field = "token", .length_max = 64},
  });
}

constexpr auto field_rules(std::type_identity<UploadSpec>) {
  return std::to_array<FieldRule>({{.field = "name", .length_max = 255}});
}

constexpr auto field_rules(std::type_identity<InPlaceRequest>) {
  return std::to_array<FieldRule>({{.field = "path", .length_max = 4095}});
}

constexpr auto field_rules(std::type_identity<ResizeRequest>) {
  return std::to_array<FieldRule>({{.field = "workers", .min = 1, .max = 1000}});
}

constexpr auto field_rules(std::type_identity<ClusterCheckRequest>) {
  return std::to_array<FieldRule>({{.field = "data_bytes", .min = 0, .max = 1ll << 60}});
}

constexpr auto field_rules(std::type_identity<PageLinkRequest>) {
  return std::to_array<FieldRule>({{.field = "to", .length_max = 2000}});
}

constexpr auto field_rules(std::type_identity<PageQuery>) {
  return std::to_array<FieldRule>(
      {{.field = "after", .length_max = 64}, {.field = "limit", .min = 1, .max = 1000}});
}

constexpr auto field_rules(std::type_identity<EventQuery>) {
  return std::to_array<FieldRule>({
      {.field = "subject", .length_max = 64},
      {.field = "after", .min = 0, .max = std::numeric_limits<std::int64_t>::max()},
      {.field = "limit", .min = 1, .max = 1000},
  });
}

constexpr auto field_rules(std::type_identity<LogQuery>) {
  return std::to_array<FieldRule>(
      {{.field = "offset", .min = 0, .max = std::numeric_limits<std::int64_t>::max()}});
}

template <class T>
inline constexpr auto kRules = field_rules(std::type_identity<T>{});

template <class T>
inline constexpr bool has_rules = !kRules<T>.empty();

// The rule of one field, or nullptr.
template <class T>
constexpr const FieldRule* rule_of(std::string_view field) {
  for (const auto& rule : kRules<T>) {
    if (rule.field == field) return &rule;
  }
  return nullptr;
}

}  // namespace bdaas::api
