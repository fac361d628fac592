// What holds for every row of the table: who may ask, what is refused and how.

#include "api/api.h"

#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/test_api.h"

namespace bdaas::api {
namespace {

constexpr std::string_view kNobodys = "000000000000";

// A path of the table with an id that is well-formed and nobody's.
std::string nobodys_path(const Route& route) {
  std::string path(route.path);
  const auto open = path.find('{');
  if (open == std::string::npos) return path;
  const auto pattern = route.path_pattern;
  const auto prefix = pattern.empty() ? pattern : pattern.substr(1, pattern.find("-[") - 1);
  const auto close = path.find('}');
  if (prefix.empty()) return path.replace(open, close - open + 1, "");
  const bool named = route.path_pattern.find("-[a-z0-9]{12}") == std::string_view::npos;
  return path.replace(open, close - open + 1,
                      named ? "no-release" : fmt::format("{}-{}", prefix, kNobodys));
}

TEST_F(ApiTest, EveryRowWantsTheToken) {
  int refused = 0;
  for (const auto& route : all_routes()) {
    for (const auto* headers : {"", "Authorization: Bearer wrong\r\n",
                                "Authorization: Basic YTpi\r\n", "Authorization: Bearer\r\n"}) {
      const Asked asked{.method = std::string(route.method),
                        .path = nobodys_path(route),
                        .headers = headers,
                        .with_token = false};
      const auto answer = ask(asked);
      if (route.open) {
        const int ours = route.path == "/favicon.ico" ? 204 : 200;
        EXPECT_EQ(answer.status, route.path_pattern.empty() ? ours : 404) << route.path;
      } else {
        EXPECT_EQ(answer.status, 401) << route.method << " " << route.path;
        EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
        if (route.method != "HEAD") {
          EXPECT_EQ(error_kind(answer), "unauthenticated");
        }
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(ApiTest, TheOpenDoorsHaveNoSecrets) {
  EXPECT_EQ(ask({.path = "/v1/health", .with_token = false}).body, R"({"ok":true})");
  EXPECT_EQ(ask({.path = "/favicon.ico", .with_token = false}).status, 204);
  const auto described = ask({.path = "/v1/openapi.json", .with_token = false});
  EXPECT_EQ(described.status, 200);
  EXPECT_EQ(described.body, api_.openapi());
  EXPECT_EQ(ask({.path = "/v1/nothing", .with_token = false}).status, 401);
  EXPECT_EQ(ask({.method = "PUT", .path = "/v1/health", .with_token = false}).status, 405);
  EXPECT_EQ(ask({.method = "PUT", .path = "/v1/info", .with_token = false}).status, 401);
}

TEST_F(ApiTest, WhatIsNotThereIsNotFound) {
  for (const auto& route : all_routes()) {
    if (route.path_pattern.empty() || route.method == "OPTIONS") continue;
    Asked asked{.method = std::string(route.method), .path = nobodys_path(route)};
    if (route.name == "add_step") asked.body = R"({"program": "p-000000000000"})";
    if (route.name == "resize_cluster") asked.body = R"({"workers": 2})";
    asked.headers = "Tus-Resumable: 1.0.0\r\n";
    if (route.method == "PATCH") {
      asked.headers += "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n";
    }
    const auto answer = ask(asked);
    EXPECT_EQ(answer.status, 404) << route.method << " " << route.path << answer.body;
    if (route.method != "HEAD") {
      EXPECT_EQ(error_kind(answer), "not_found");
    }
  }
  for (const auto* path :
       {"/", "/v1", "/v1/", "/v1/jobs/", "/v1/jobs//cancel", "/v2/jobs", "/v1/jobs/x",
        "/v1/jobs/%2e%2e", "/v1/jobs/../jobs", "/v1/jobs/j-00000000000G", "/v1/jobs/%00",
        "/v1/jobs/c-000000000000", "/v1/jobs/%ff%fe", "/v1/data/j%2F..%2F..%2Ftoken/content"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(error_kind(answer), "not_found") << path;
  }
  EXPECT_EQ(get("/v1/jobs/%zz").status, 400);
}

TEST_F(ApiTest, NobodySeesTheRowsOfOthers) {
  const auto theirs = step(other_);
  const auto job_id = job(other_).id.text;
  const auto program_id = program(other_).id.text;
  const auto data = commands_.insert(other_, DataSet{.name = "d"}).value().id.text;
  const auto result = commands_.insert(other_, JobResult{}).value().id.text;
  const UploadSpec spec{.kind = UploadKind::data, .name = "d", .bytes = 1};
  const auto upload = uploads_->create(other_, spec).value().id.text;
  int asked_for = 0;
  for (const auto& route : all_routes()) {
    auto path = nobodys_path(route);
    for (const auto& id :
         {theirs.id.text, theirs.cluster.text, job_id, program_id, data, result, upload}) {
      const auto dash = id.find('-') + 1;
      const auto at = path.find(fmt::format("/{}{}", id.substr(0, dash), kNobodys));
      if (at != std::string::npos) path.replace(at + 1, id.size(), id);
    }
    const bool takes_id = route.path.find("{id}") != std::string_view::npos;
    if (!takes_id) continue;
    ASSERT_EQ(path.find(kNobodys), std::string::npos) << path;
    Asked asked{.method = std::string(route.method), .path = path};
    if (route.name == "add_step") asked.body = fmt::format(R"({{"program": "{}"}})", program_id);
    if (route.name == "resize_cluster") asked.body = R"({"workers": 2})";
    asked.headers = "Tus-Resumable: 1.0.0\r\n";
    if (route.method == "PATCH") {
      asked.headers += "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n";
    }
    EXPECT_EQ(ask(asked).status, 404) << route.method << " " << path;
    ++asked_for;
  }
  EXPECT_GT(asked_for, 20);
  for (const auto* list :
       {"/v1/jobs", "/v1/programs", "/v1/data", "/v1/clusters", "/v1/results", "/v1/events"}) {
    EXPECT_EQ(get(list).body, R"({"items":[]})") << list;
  }
  EXPECT_EQ(get("/v1/events?subject=" + job_id).body, R"({"items":[]})");
}

TEST_F(ApiTest, AnotherMethodIsRefusedWithThoseThatArePossible) {
  for (const auto& route : all_routes()) {
    for (const auto* method : {"PUT", "TRACE", "BREW"}) {
      const auto answer = ask({.method = method, .path = nobodys_path(route)});
      EXPECT_EQ(answer.status, 405) << method << " " << route.path;
      EXPECT_NE(answer.header("allow").find(route.method), std::string::npos);
    }
  }
  EXPECT_EQ(ask({.method = "DELETE", .path = "/v1/jobs"}).header("allow"), "POST, GET");
}

TEST_F(ApiTest, OnlyItsOwnNamesReachIt) {
  const auto status_for = [&](std::string_view host) {
    return client().ask(fmt::format("GET /v1/health HTTP/1.1\r\nHost: {}\r\n\r\n", host)).status;
  };
  for (const auto* host : {"localhost", "localhost:80", "127.0.0.1", "127.1.2.3:4711", "[::1]:1",
                           "[::1]", "my-host:9"}) {
    EXPECT_EQ(status_for(host), 200) << host;
  }
  for (const auto* host : {"evil.example", "127.0.0.1.evil.example", "127.evil.example", "10.0.0.1",
                           "localhost.evil.example:80", "", "[::2]", "127.0.0.1:1:2x.example"}) {
    EXPECT_EQ(status_for(host), 403) << host;
  }
}

TEST_F(ApiTest, PagesOfOtherSitesAreRefused) {
  const auto status_with = [&](std::string headers) {
    return ask({.path = "/v1/jobs", .headers = std::move(headers)}).status;
  };
  EXPECT_EQ(status_with("Origin: http://127.0.0.1\r\n"), 200);
  EXPECT_EQ(status_with("Sec-Fetch-Site: same-origin\r\n"), 200);
  EXPECT_EQ(status_with("Origin: http://evil.example\r\n"), 403);
  EXPECT_EQ(status_with("Origin: null\r\n"), 403);
  EXPECT_EQ(status_with("Origin: http://127.0.0.1:81\r\n"), 403);
  EXPECT_EQ(status_with("Sec-Fetch-Site: cross-site\r\n"), 403);
}

TEST_F(ApiTest, BodiesMustBeWhatTheyAreDescribedAs) {
  struct Case {
    std::string body;
    std::string_view complaint;
  };
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const auto& [body, complaint] : std::vector<Case>{
           {"{}", "workers: expected a value"},
           {"", "the body is empty"},
           {"{", "not valid JSON"},
           {"[]", "request: expected an object"},
           {"null", "request: expected an object"},
           {"\"\xff\"", "not valid JSON"},
           {deep, "not valid JSON"},
           {R"({"workers": "2"})", "workers: expected a whole number"},
           {R"({"workers": 2.5})", "workers: expected a whole number"},
           {R"({"workers": 1e400})", "workers: expected a whole number"},
           {R"({"workers": 0})", "workers: 0 is out of range; 1 to 1000 is allowed"},
           {R"({"workers": 1001})", "workers: 1001 is out of range"},
           {R"({"workers": 2, "wrokers": 3})", "wrokers: unknown field; did you mean 'workers'?"},
           {R"({"workers": 2, "scheduler": "mesos"})",
            "scheduler: expected one of yarn, standalone"},
           {R"({"workers": 2, "name": "a\u0007b"})", "name: control characters"},
           {R"({"workers": 2, "name": ")" + std::string(201, 'x') + "\"}", "name: 201 characters"},
           {R"({"workers": 2, "settings": {"spark.x": 1}})", "settings.spark.x: expected a string"},
           {R"({"workers": 2, "settings": {"a\nb": "1"}})", "settings: control characters"},
           {R"({"workers": 2, "cores": -1})", "cores: -1 is out of range"}}) {
    const auto answer = post("/v1/clusters", body);
    EXPECT_TRUE(answer.status == 400 || (body.empty() && answer.status == 415))
        << body << answer.head;
    if (answer.status != 400) continue;
    EXPECT_NE(read<ErrorAnswer>(answer).error.message.find(complaint), std::string::npos)
        << body << "\n"
        << answer.body;
  }
  EXPECT_EQ(post("/v1/clusters", R"({"workers": 2, "name": "Häßliche Namen 名"})").status, 201);
  EXPECT_EQ(post("/v1/clusters", R"({"workers": 2.0, "cores": 1e1})").status, 201);
}

TEST_F(ApiTest, IdsInBodiesAreChecked) {
  EXPECT_EQ(post("/v1/jobs", R"({"program": "../../etc/passwd"})").status, 400);
  EXPECT_EQ(post("/v1/jobs", R"({"program": "p-000000000000", "data": ["d-1"]})").status, 400);
  EXPECT_EQ(post("/v1/jobs", R"({"program": "p-000000000000"})").status, 404);
}

TEST_F(ApiTest, AnotherContentTypeIsRefused) {
  for (const auto* type :
       {"text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    const auto answer = ask({.method = "POST",
                             .path = "/v1/jobs",
                             .body = "{}",
                             .headers = fmt::format("Content-Type: {}\r\n", type)});
    EXPECT_EQ(answer.status, 415) << type;
  }
  const auto fine = ask({.method = "POST",
                         .path = "/v1/clusters",
                         .body = R"({"workers": 1})",
                         .headers = "Content-Type: application/json; charset=utf-8\r\n"});
  EXPECT_EQ(fine.status, 201);
}

TEST_F(ApiTest, WhatIsNotUnderstoodIsRefused) {
  EXPECT_EQ(get("/v1/info?verbose=1").status, 400);
  EXPECT_EQ(get("/v1/jobs?limit=0").status, 400);
  EXPECT_EQ(get("/v1/jobs?limit=1001").status, 400);
  EXPECT_EQ(get("/v1/jobs?limit=ten").status, 400);
  EXPECT_EQ(get("/v1/jobs?limit=1&limit=2").status, 400);
  EXPECT_EQ(get("/v1/jobs?limti=1").status, 400);
  EXPECT_EQ(get("/v1/jobs?after=j-000000000000").status, 404);
  const auto id = step(user_).id.text;
  EXPECT_EQ(get("/v1/steps/" + id + "/log?follow=maybe").status, 400);
  EXPECT_EQ(get("/v1/steps/" + id + "/log?stream=stdin").status, 400);
  EXPECT_EQ(get("/v1/steps/" + id + "/log?offset=-1").status, 400);
  const auto running = job(user_).id.text;
  EXPECT_EQ(post("/v1/jobs/" + running + "/cancel", R"({"now": true})").status, 400);
  EXPECT_EQ(post("/v1/jobs/" + running + "/cancel", "{}").status, 200);
}

TEST_F(ApiTest, AnErrorMayQuoteAnyBytes) {
  const auto answer = get("/v1/jobs?limit=%ff%00%0a");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(error_kind(answer), "invalid_argument");
}

TEST_F(ApiTest, AnswersAreNotCachedNorGuessedAt) {
  const auto answer = get("/v1/info");
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.header("content-type"), "application/json");
}

}  // namespace
}  // namespace bdaas::api
