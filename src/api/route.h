#pragma once
// A row of the API's table: what a request is, what it answers, and the function that does it.
// Parser, router and OpenAPI description are all made from these rows; see routes.h for the table
// itself.
//
// Most rows are made by route() from a handler's own type:
//
//   Result<Created<Job>> create_job(const Call& call, FromBody<JobSpec> spec);
//   route("POST", "/v1/jobs", "create_job", "Run a program on data", create_job)

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/answers.h"
#include "api/call.h"
#include "api/schema.h"

namespace bdaas::api {

using SchemaOf = json::object (*)(Schemas&);

struct ParameterDoc {
  std::string_view name;
  std::string_view doc;
  bool required = false;
  SchemaOf schema = nullptr;  // query parameters
  std::string_view pattern;   // headers
};

struct AnswerDoc {
  int status = 200;
  std::string_view media;     // empty: no body
  SchemaOf schema = nullptr;  // none: bytes or text
  std::string_view doc;
  std::vector<std::string_view> headers;  // that are always there
};

enum class BodyRule { none, optional, required };

struct Route {
  std::string_view method;
  std::string_view path;  // "/v1/jobs/{id}"
  std::string_view name;  // operationId
  std::string_view summary;
  bool open = false;   // no token wanted
  bool pages = false;  // of engines: any path below and any query; for browsers with a cookie, and
                       // not in the OpenAPI description
  bool tus = false;    // of its protocol: only our version is answered
  Lane lane = Lane::quick;

  std::vector<ParameterDoc> query;
  std::vector<ParameterDoc> headers;
  std::string_view path_pattern;  // of the {…}
  std::vector<std::string_view> body_media{"application/json"};
  BodyRule body = BodyRule::none;
  SchemaOf body_schema = nullptr;
  std::uint64_t max_body_bytes = 1 << 20;

  std::vector<AnswerDoc> answers;
  std::vector<int> errors;  // beside those that any request may meet

  std::function<HttpResponse(const Call&)> answer;
  // Instead of answer: the body goes to a sink.
  std::function<std::variant<HttpResponse, std::unique_ptr<BodySink>>(const Call&)> open_sink;

  // ---- for writing rows ----
  Route&& slow() && { return lane = Lane::slow, std::move(*this); }
  Route&& far() && { return lane = Lane::far, std::move(*this); }
  Route&& of_pages() && { return pages = true, std::move(*this).far(); }
  Route&& of_tus() && {
    tus = true;
    headers.push_back(
        {.name = "Tus-Resumable", .doc = "1.0.0", .required = true, .pattern = "^1\\.0\\.0$"});
    return std::move(*this).may_fail({ErrorKind::failed_precondition});
  }
  Route&& without_token() && { return open = true, std::move(*this); }
  Route&& may_fail(std::vector<ErrorKind> kinds) && {
    for (const auto kind : kinds) errors.push_back(status_of(kind));
    return std::move(*this);
  }
  Route&& may_answer(AnswerDoc answer_doc) && {
    return answers.push_back(std::move(answer_doc)), std::move(*this);
  }
  Route&& with_status(int status) && { return errors.push_back(status), std::move(*this); }
  Route&& takes_header(ParameterDoc header) && {
    return headers.push_back(header), std::move(*this);
  }
};

template <class T>
json::object schema_of(Schemas& schemas) {
  return schemas.of<T>();
}

// ---- what a handler's type tells about its row ----

template <class Part>
struct PartDoc;

template <class T>
struct PartDoc<FromPath<T>> {
  static void describe(Route& route) {
    static const std::string pattern = [] {
      if constexpr (is_id<T>::value) return id_pattern<T>();
      return std::string("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
    }();
    route.path_pattern = pattern;
    route.errors.push_back(404);
  }
};

template <class T>
struct PartDoc<FromQuery<T>> {
  static void describe(Route& route) {
    add(route, std::make_index_sequence<std::tuple_size_v<decltype(T::fields())>>{});
  }

 private:
  template <std::size_t... I>
  static void add(Route& route, std::index_sequence<I...>) {
    (route.query.push_back({.name = std::get<I>(T::fields()).name,
                            .doc = std::get<I>(T::fields()).doc,
                            .required = std::get<I>(T::fields()).required,
                            .schema = &parameter_schema<I>}),
     ...);
  }
  template <std::size_t I>
  static json::object parameter_schema(Schemas& schemas) {
    constexpr auto field = std::get<I>(T::fields());
    return schemas.of<std::decay_t<decltype(T{}.*(field.member))>>(rule_of<T>(field.name));
  }
};

template <class T>
struct PartDoc<FromBody<T>> {
  static void describe(Route& route) {
    route.body = BodyRule::required;
    route.body_schema = &schema_of<T>;
  }
};

template <class T>
struct PartDoc<FromOptionalBody<T>> {
  static void describe(Route& route) {
    route.body = BodyRule::optional;
    route.body_schema = &schema_of<T>;
  }
};

// How a handler's value is answered; a raw HttpResponse is documented by may_answer().
template <class T>
struct AnswerOf {
  static void describe(Route& route) {
    route.answers.push_back({200, "application/json", &schema_of<T>, "done", {}});
  }
  static HttpResponse write(const Result<T>& result) {
    return json_response(200, to_json(*result));
  }
};

template <>
struct AnswerOf<void> {
  static void describe(Route& route) { route.answers.push_back({204, "", nullptr, "done", {}}); }
  static HttpResponse write(const Result<>&) { return {.status = 204}; }
};

template <class T>
struct AnswerOf<Created<T>> {
  static void describe(Route& route) {
    route.answers.push_back({201, "application/json", &schema_of<T>, "made", {"Location"}});
  }
  static HttpResponse write(const Result<Created<T>>& result) {
    auto response = json_response(201, to_json(result.value().value));
    response.headers.emplace_back("Location", result.value().location);
    return response;
  }
};

template <>
struct AnswerOf<HttpResponse> {
  static void describe(Route&) {}
  static HttpResponse write(Result<HttpResponse>& result) { return std::move(result).value(); }
};

template <class Answer, class... Parts>
HttpResponse run_handler(Result<Answer> (*handler)(const Call&, Parts...), const Call& call) {
  std::tuple<std::optional<Parts>...> parts;
  std::optional<Error> error;
  [[maybe_unused]] const auto read = [&]<class Part>(std::optional<Part>& slot) {
    if (error) return;
    auto part = PartReader<Part>::read(call);
    if (part) {
      slot = std::move(part).value();
    } else {
      error = std::move(part).error();
    }
  };
  (read(std::get<std::optional<Parts>>(parts)), ...);
  if (error) return error_response(*error);
  auto result = handler(call, *std::move(std::get<std::optional<Parts>>(parts))...);
  if (!result) return error_response(result.error());
  return AnswerOf<Answer>::write(result);
}

template <class Answer, class... Parts>
Route route(std::string_view method, std::string_view path, std::string_view name,
            std::string_view summary, Result<Answer> (*handler)(const Call&, Parts...)) {
  Route made{.method = method, .path = path, .name = name, .summary = summary};
  (PartDoc<Parts>::describe(made), ...);
  AnswerOf<Answer>::describe(made);
  made.answer = [handler](const Call& call) { return run_handler(handler, call); };
  return made;
}

}  // namespace bdaas::api
