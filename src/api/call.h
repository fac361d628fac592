#pragma once
// One call of a handler, and the parts of a request that handlers ask for by type: Path, Query,
// Body.

#include <map>
#include <string>
#include <vector>

#include "api/check.h"
#include "api/context.h"
#include "api/http.h"
#include "api/http_text.h"

namespace bdaas::api {

struct Call {
  const ApiContext& api;
  UserId user;
  const HttpRequest& request;
  std::vector<std::string> path_values;  // of {…}, in order
};

// The {…} of the path: an id, or a name (std::string). An id that cannot exist is not_found.
template <class T>
struct FromPath {
  T value;
};
// The query string, by T's field list.
template <HasFields T>
struct FromQuery {
  T value;
};
// A JSON body, by T's field list.
template <HasFields T>
struct FromBody {
  T value;
};
// As Body; an empty one means T's defaults.
template <HasFields T>
struct FromOptionalBody {
  T value;
};

// Answered with 201 and the Location of what was made.
template <class T>
struct Created {
  T value;
  std::string location;
};

// ---- reading the parts ----

// Each text of the query becomes the JSON that the member's type reads; "true" and 17 lose their
// quotes.
template <HasFields T>
Result<T> read_query(std::string_view query) {
  BDAAS_ASSIGN(const auto texts, parse_query(query));
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  std::optional<Error> error;
  for_each_field<T>([&](const auto& field) {
    const auto found = texts.find(std::string(field.name));
    if (found == texts.end() || error) return;
    using Member = std::decay_t<decltype(T{}.*(field.member))>;
    if constexpr (std::is_same_v<Member, bool>) {
      if (found->second == "true" || found->second == "false") {
        object[field.name] = found->second == "true";
      }
    } else if constexpr (std::is_same_v<Member, std::int64_t>) {
      auto number = parse_whole_number(found->second, field.name);
      if (number) {
        object[field.name] = *number;
      } else {
        error = std::move(number).error();
      }
    }
  });
  if (error) return *std::move(error);
  BDAAS_ASSIGN(T value, from_json<T>(object));
  BDAAS_TRY(check_rules(value));
  return value;
}

template <HasFields T>
Result<T> read_body(std::string_view text) {
  if (text.empty())
    return fail(ErrorKind::invalid_argument, "the body is empty; send a JSON object");
  BDAAS_ASSIGN(auto value, parse_json(text));
  make_whole_numbers_integers(value);
  BDAAS_ASSIGN(T body, from_json<T>(value));
  BDAAS_TRY(check_rules(body));
  return body;
}

template <class Part>
struct PartReader;

template <class T>
struct PartReader<FromPath<T>> {
  static Result<FromPath<T>> read(const Call& call) {
    const auto& text = call.path_values.front();
    if constexpr (is_id<T>::value) {
      if (!is_well_formed(T{text})) {
        return fail(ErrorKind::not_found, "nothing has the id '{}'; ids look like {}-4k2m9x0p1qzr",
                    text.substr(0, 64), T::tag::prefix);
      }
    }
    return FromPath<T>{T{text}};
  }
};

template <class T>
struct PartReader<FromQuery<T>> {
  static Result<FromQuery<T>> read(const Call& call) {
    BDAAS_ASSIGN(auto value, read_query<T>(call.request.query));
    return FromQuery<T>{std::move(value)};
  }
};

template <class T>
struct PartReader<FromBody<T>> {
  static Result<FromBody<T>> read(const Call& call) {
    BDAAS_ASSIGN(auto value, read_body<T>(call.request.body));
    return FromBody<T>{std::move(value)};
  }
};

template <class T>
struct PartReader<FromOptionalBody<T>> {
  static Result<FromOptionalBody<T>> read(const Call& call) {
    if (call.request.body.empty()) return FromOptionalBody<T>{};
    BDAAS_ASSIGN(auto value, read_body<T>(call.request.body));
    return FromOptionalBody<T>{std::move(value)};
  }
};

// ---- rows of the caller ----

// The row, if it is the caller's; else not_found, as if it did not exist.
template <Noun N>
Result<N> own_row(const Call& call, const IdOf<N>& id) {
  auto row = call.api.store.get<N>(id);
  if (row && row->owner == call.user) return row;
  if (!row && row.error().kind != ErrorKind::not_found) return row;
  return fail(ErrorKind::not_found, "nothing has the id {}", id.text);
}

// One page of the caller's rows.
template <Noun N>
Result<Page<N>> own_page(const Call& call, const PageQuery& page,
                         std::optional<std::string> parent = {}) {
  Query query;
  query.owner = call.user.text;
  query.parent = std::move(parent);
  query.after = page.after;
  query.limit = page.limit + 1;  // one more tells whether there is a next page
  BDAAS_ASSIGN(auto rows, call.api.store.list<N>(query));
  Page<N> result;
  if (rows.size() > static_cast<std::size_t>(page.limit)) {
    rows.pop_back();
    result.next = rows.back().id.text;
  }
  result.items = std::move(rows);
  return result;
}

}  // namespace bdaas::api
