#include "api/openapi.h"

#include <algorithm>
#include <map>
#include <set>

namespace bdaas::api {

namespace {

json::object header_schema(std::string_view pattern) {
  json::object schema{{"type", "string"}};
  if (!pattern.empty()) schema["pattern"] = pattern;
  return schema;
}

json::object parameter(std::string_view in, std::string_view name, std::string_view doc,
                       bool required, json::object schema) {
  json::object made{
      {"name", name}, {"in", in}, {"required", required}, {"schema", std::move(schema)}};
  if (!doc.empty()) made["description"] = doc;
  return made;
}

json::array parameters_of(const Route& route, Schemas& schemas) {
  json::array made;
  for (auto rest = route.path; rest.find('{') != std::string_view::npos;) {
    const auto open = rest.find('{');
    const auto close = rest.find('}', open);
    made.push_back(parameter("path", rest.substr(open + 1, close - open - 1), "", true,
                             header_schema(route.path_pattern)));
    rest.remove_prefix(close);
  }
  for (const auto& query : route.query) {
    made.push_back(
        parameter("query", query.name, query.doc, query.required, query.schema(schemas)));
  }
  for (const auto& header : route.headers) {
    made.push_back(parameter("header", header.name, header.doc, header.required,
                             header_schema(header.pattern)));
  }
  return made;
}

json::object body_of(const Route& route, Schemas& schemas) {
  json::object content;
  for (const auto media : route.body_media) {
    json::object form;
    if (route.body_schema != nullptr) form["schema"] = route.body_schema(schemas);
    content[media] = std::move(form);
  }
  return {{"required", route.body == BodyRule::required}, {"content", std::move(content)}};
}

json::object answer_of(const AnswerDoc& answer, Schemas& schemas) {
  json::object made{{"description", answer.doc.empty() ? "done" : answer.doc}};
  if (!answer.media.empty()) {
    json::object form;
    if (answer.schema != nullptr) form["schema"] = answer.schema(schemas);
    made["content"] = json::object{{answer.media, std::move(form)}};
  }
  if (!answer.headers.empty()) {
    json::object headers;
    for (const auto name : answer.headers) {
      headers[name] = json::object{{"required", true}, {"schema", header_schema("")}};
    }
    made["headers"] = std::move(headers);
  }
  return made;
}

std::string_view meaning_of(int status) {
  switch (status) {
    case 400:
      return "The request is wrong; the message says where.";
    case 401:
      return "The token is missing or wrong.";
    case 403:
      return "Refused to a page of another site, or under a foreign host name.";
    case 404:
      return "There is no such thing.";
    case 409:
      return "It exists already, or was changed meanwhile.";
    case 412:
      return "Not now; the message says what must change.";
    case 413:
      return "The body is too long.";
    case 415:
      return "The Content-Type is not one of those that are described.";
    case 416:
      return "The content has no such range.";
    case 429:
      return "Too much is asked for; the message has the numbers.";
    case 431:
      return "The headers are longer than 16 KiB.";
    case 460:
      return "The checksum does not fit the bytes.";
    case 500:
      return "The manager failed at it.";
    case 502:
      return "It was asked for, and nobody knows whether it was done.";
    case 503:
      return "Not reachable now; nothing was done.";
    case 504:
      return "It took too long.";
    default:
      return "An error.";
  }
}

std::set<int> errors_of(const Route& route) {
  std::set<int> errors{400, 403, 413, 431, 500};
  if (!route.open) errors.insert({401, 503});
  if (route.body != BodyRule::none) errors.insert(415);
  errors.insert(route.errors.begin(), route.errors.end());
  return errors;
}

json::object operation(const Route& route, Schemas& schemas) {
  json::object responses;
  for (const auto& answer : route.answers) {
    const auto status = std::to_string(answer.status);
    auto made = answer_of(answer, schemas);
    if (auto* present = responses.if_contains(status)) {  // a second media type of one status
      for (const auto& form : made["content"].as_object()) {
        present->as_object()["content"].as_object()[form.key()] = form.value();
      }
    } else {
      responses[status] = std::move(made);
    }
  }
  for (const int status : errors_of(route)) {
    json::object content{{"application/json", {{"schema", schemas.of<ErrorAnswer>()}}}};
    responses[std::to_string(status)] = {{"description", meaning_of(status)},
                                         {"content", std::move(content)}};
  }
  const auto noun = route.path.substr(4, route.path.find('/', 4) - 4);  // behind "/v1/"
  json::object made{{"operationId", route.name},
                    {"summary", route.summary},
                    {"tags", json::array{json::value(noun)}},
                    {"parameters", parameters_of(route, schemas)},
                    {"responses", std::move(responses)}};
  if (route.body != BodyRule::none) made["requestBody"] = body_of(route, schemas);
  if (route.open) made["security"] = json::array{};
  return made;
}

}  // namespace

json::object describe_api(const std::vector<Route>& routes, std::string_view version) {
  Schemas schemas;
  json::object paths;
  for (const auto& route : routes) {
    if (route.pages || !route.path.starts_with("/v1/")) continue;  // for browsers
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c + ('a' - 'A')); });
    auto& item = paths[route.path];
    if (!item.is_object()) item = json::object{};
    item.as_object()[method] = operation(route, schemas);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "BDaaS"},
            {"version", version},
            {"description", "Program + data → result, on real engines. See docs/api.md."}}},
          {"security", {{{"token", json::array{}}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", schemas.take()},
            {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace bdaas::api
