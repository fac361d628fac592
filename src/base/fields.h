#pragma once
// One field list per struct feeds the JSON parser (unknown keys refused with their path), the
// writer, the OpenAPI description and --help. A struct takes part by a static member:
//
//   static constexpr auto fields() {
//     return std::tuple{required("workers", &Spec::workers, "number of workers, 1..1000"),
//                       optional("comet", &Spec::comet, "native execution; default true")};
//   }

#include <string_view>
#include <tuple>

namespace bdaas {

template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::*member;
  std::string_view doc;
  bool required;
};

template <class Owner, class Member>
constexpr Field<Owner, Member> required(std::string_view name, Member Owner::*member,
                                        std::string_view doc) {
  return {name, member, doc, true};
}

// Absent in JSON: the member keeps its default.
template <class Owner, class Member>
constexpr Field<Owner, Member> optional(std::string_view name, Member Owner::*member,
                                        std::string_view doc) {
  return {name, member, doc, false};
}

template <class T>
concept HasFields = requires {
  T::fields();
};

template <HasFields T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields());
}

}  // namespace bdaas
