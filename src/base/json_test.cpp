#include "base/json.h"

#include <gtest/gtest.h>

#include "base/secret.h"

namespace bdaas {
namespace {

enum class Colour { red, green };
constexpr auto enum_table(Colour) {
  return enum_rows<Colour>({{Colour::red, "red"}, {Colour::green, "green"}});
}

struct Wheel {
  std::int64_t spokes = 0;
  bool operator==(const Wheel&) const = default;
  static constexpr auto fields() { return std::tuple{required("spokes", &Wheel::spokes, "")}; }
};

struct Cart {
  std::string name;
  Colour colour = Colour::red;
  std::uint16_t small = 7;
  double weight = 0;
  bool covered = false;
  std::optional<Time> sold_at;
  Millis age_ms{0};
  std::vector<Wheel> wheels;
  std::map<std::string, std::string> notes;
  bool operator==(const Cart&) const = default;

  static constexpr auto fields() {
    return std::tuple{required("name", &Cart::name, "what it is called"),
                      optional("colour", &Cart::colour, ""),
                      optional("small", &Cart::small, ""),
                      optional("weight", &Cart::weight, ""),
                      optional("covered", &Cart::covered, ""),
                      optional("sold_at", &Cart::sold_at, ""),
                      optional("age_ms", &Cart::age_ms, ""),
                      optional("wheels", &Cart::wheels, ""),
                      optional("notes", &Cart::notes, "")};
  }
};

Result<Cart> read(std::string_view text) {
  BDAAS_ASSIGN(auto value, parse_json(text));
  return from_json<Cart>(value);
}

std::string error_of(std::string_view text) {
  const auto result = read(text);
  if (result.ok()) return "no error";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
  return result.error().message;
}

TEST(Json, ComesBackAsItWas) {
  const Cart cart{"ä\n",           Colour::green, 65535,       1.5,         true,
                  Time{Millis{1}}, Millis{-3},    {{8}, {12}}, {{"k", "v"}}};
  const auto text = write_json(to_json(cart));
  EXPECT_EQ(read(text).value(), cart);
  EXPECT_EQ(read(write_json_pretty(to_json(cart))).value(), cart);
  EXPECT_TRUE(text.starts_with(R"({"name":"ä\n","colour":"green","small":65535,)")) << text;
}

TEST(Json, AbsentAndNullKeepTheDefault) {
  EXPECT_EQ(read(R"({"name":"x"})").value(), Cart{"x"});
  EXPECT_EQ(read(R"({"name":"x","small":null,"sold_at":null})").value(), Cart{"x"});
  EXPECT_EQ(write_json(to_json(Cart{"x"})).find("sold_at"), std::string::npos);
}

TEST(Json, ErrorsCarryThePath) {
  EXPECT_EQ(error_of("[]"), "request: expected an object");
  EXPECT_EQ(error_of("{}"), "name: expected a value; it is required");
  EXPECT_EQ(error_of(R"({"name":null})"), "name: expected a value; it is required");
  EXPECT_EQ(error_of(R"({"name":1})"), "name: expected a string");
  EXPECT_EQ(error_of(R"({"name":"x","colour":"blue"})"), "colour: expected one of red, green");
  EXPECT_EQ(error_of(R"({"name":"x","covered":1})"), "covered: expected true or false");
  EXPECT_EQ(error_of(R"({"name":"x","wheels":[{"spokes":1},{}]})"),
            "wheels[1].spokes: expected a value; it is required");
  EXPECT_EQ(error_of(R"({"name":"x","notes":{"k":1}})"), "notes.k: expected a string");
  EXPECT_EQ(error_of(R"({"name":"x","sold_at":"today"})"),
            "sold_at: 'today' is not a time; write it like 2026-01-31T08:00:00.000Z");
}

TEST(Json, UnknownFieldsAreRefusedWithTheNearestKnown) {
  EXPECT_EQ(error_of(R"({"name":"x","color":"red"})"),
            "color: unknown field; did you mean 'colour'?");
  EXPECT_EQ(error_of(R"({"name":"x","wheels":[{"spokes":1,"elephant":2}]})"),
            "wheels[0].elephant: unknown field");
}

TEST(Json, NumbersStayInRange) {
  for (const std::string_view number :
       {"65536", "-1", "1.0", "1e3", "\"1\"", "1e400", "99999999999999999999999"}) {
    EXPECT_NE(error_of(fmt::format(R"({{"name":"x","small":{}}})", number)), "no error") << number;
  }
  EXPECT_EQ(from_json<std::int64_t>(json::value(std::uint64_t{1} << 63)).ok(), false);
  EXPECT_EQ(from_json<std::uint64_t>(json::value(std::uint64_t{1} << 63)).value(),
            std::uint64_t{1} << 63);
  EXPECT_EQ(from_json<std::int64_t>(json::value(std::numeric_limits<std::int64_t>::min())).value(),
            std::numeric_limits<std::int64_t>::min());
}

TEST(Json, BadTextIsRefused) {
  for (const std::string_view text : {"", "{", "{} x", "{'a':1}", "nul", "\"\xff\"", "[1,]"}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
  EXPECT_FALSE(parse_json(std::string(1000, '[') + std::string(1000, ']')).ok()) << "too deep";
}

TEST(Json, PrettyIsForPeople) {
  const json::value value = {{"a", {1, 2}}, {"b", json::object{}}, {"c", json::array{}}};
  EXPECT_EQ(write_json_pretty(value),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}\n");
}

TEST(Secrets, PrintAsStars) {
  const Secret<std::string> secret("password");
  EXPECT_EQ(fmt::format("{}", secret), "***");
  EXPECT_EQ(secret.reveal(), "password");
}

}  // namespace
}  // namespace bdaas
