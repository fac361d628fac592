#pragma once
// Messages as lines of JSON: a variant of structs, each with a `type` and fields().

#include <variant>

#include "base/json.h"

namespace bdaas {

inline constexpr std::size_t kMaxMessageBytes = 16u << 20;

// With the '\n'.
template <class Message>
std::string write_message(const Message& message) {
  return std::visit(
      [](const auto& body) {
        json::object object;
        object["type"] = std::decay_t<decltype(body)>::type;
        for (auto& item : fields_to_json(body)) object[item.key()] = std::move(item.value());
        return write_json(object) + "\n";
      },
      message);
}

template <class Message, std::size_t I = 0>
Result<Message> read_message_as(std::string_view type, const json::object& body) {
  if constexpr (I == std::variant_size_v<Message>) {
    return fail(ErrorKind::invalid_argument, "unknown message type '{}'", type);
  } else {
    using Body = std::variant_alternative_t<I, Message>;
    if (Body::type != type) return read_message_as<Message, I + 1>(type, body);
    BDAAS_ASSIGN(auto parsed, from_json<Body>(body, type));
    return Message{std::move(parsed)};
  }
}

// Unknown types and fields are refused.
template <class Message>
Result<Message> read_message(std::string_view line) {
  if (line.size() > kMaxMessageBytes) {
    return fail(ErrorKind::invalid_argument, "message of {} bytes; at most {} are allowed",
                line.size(), kMaxMessageBytes);
  }
  BDAAS_ASSIGN(auto value, parse_json(line));
  if (!value.is_object()) return fail(ErrorKind::invalid_argument, "message is not an object");
  auto object = std::move(value.get_object());
  const auto* type = object.if_contains("type");
  if (type == nullptr || !type->is_string()) {
    return fail(ErrorKind::invalid_argument, "message has no type");
  }
  const std::string name{std::string_view(type->get_string())};
  object.erase("type");
  return read_message_as<Message>(name, object);
}

}  // namespace bdaas
