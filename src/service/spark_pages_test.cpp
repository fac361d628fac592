// Pages, snapshots and the History Server's life, against scripted servers.

#include "service/spark_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "base/temp_dir.h"
#include "engine/spark/test_cluster.h"
#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class SparkPagesTest : public ::testing::Test {
 protected:
  SparkPagesTest() {
    for (auto& node : cluster_.nodes) node.address = address_;
    EXPECT_TRUE(make_directory(dir_.path() / "logs").ok());
  }
  Result<PageAnswer> get(const std::string& page, const std::string& target) {
    return pages_.get(cluster_, "/p", page, {.target = target});
  }
  void keep_pages() { pages_.keep_pages(cluster_, std::atomic<bool>{false}); }
  static constexpr const char* kRunning = "GET /ws/v1/cluster/apps?states=RUNNING";

  // A loopback address of this process's own: the ports are those of a real master.
  static std::string own_address() {
    return fmt::format("127.91.{}.{}", ::getpid() / 250 % 250, ::getpid() % 250 + 1);
  }
  const std::string address_ = own_address();
  ScriptedHadoop hadoop_{address_.c_str()};
  TempDir dir_ = TempDir::make().value();
  FakeClock clock_;
  ClusterFacts cluster_ = test_cluster();
  SparkPages pages_{{dir_.path() / "logs", dir_.path() / "pages", dir_.path() / "server"},
                    [] { return Result<ReleaseFacts>(ReleaseFacts{}); },
                    clock_,
                    Log()};
};

TEST_F(SparkPagesTest, OnlyPagesOfThePlanAreReached) {
  hadoop_.say("GET /jmx", 200, "{}");
  auto known = get("namenode", "/jmx?a=b");
  ASSERT_TRUE(known.ok()) << known.error().message;
  EXPECT_EQ(known->status, 200);
  for (const char* page : {"", "c-7-master:9870", "127.0.0.1:22", "NameNode", ".."}) {
    const auto answer = get(page, "/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
  }
}

TEST_F(SparkPagesTest, AFrontPageLeadsToTheMainPage) {
  const auto answer = get("namenode", "/");
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->headers, ElementsAre(Pair("Location", "/p/namenode/dfshealth.html")));
}

TEST_F(SparkPagesTest, TheDriverStandsBehindYarnWhileItRuns) {
  hadoop_.say(kRunning, 200, R"({"apps": {"app": [{"id": "application_7_0001"}]}})");
  const auto answer = get("driver", "/");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_THAT(answer->headers,
              ElementsAre(Pair("Location", "/p/resourcemanager/proxy/application_7_0001/jobs/")));
  hadoop_.say(kRunning, 200, R"({"apps": null})");
  EXPECT_THAT(get("driver", "/").error().message, HasSubstr("no program runs"));
}

TEST_F(SparkPagesTest, WhatIsSeenIsKeptWhenNobodyAnswersAnyMore) {
  hadoop_.say("GET /jmx", 200, R"({"beans": []})");
  keep_pages();
  EXPECT_EQ(pages_.snapshots(cluster_.id).size(), 1u);
  hadoop_.say("GET /ws/v1/cluster/metrics", 200, "{}");
  hadoop_.say("GET /ws/v1/cluster/nodes", 200, "{}");
  hadoop_.say("GET /ws/v1/cluster/apps", 200,
              R"({"apps": {"app": [{"id": "application_7_0001"}]}})");
  hadoop_.say("GET /proxy/application_7_0001/api/v1/applications/application_7_0001/", 200, "[]");
  clock_.advance(Millis{1000});
  keep_pages();
  EXPECT_EQ(pages_.snapshots(cluster_.id).size(), 3u);
  hadoop_.say("GET /jmx", 500, "");
  const Time then = clock_.now();
  clock_.advance(Millis{1000});
  keep_pages();
  const auto seen = pages_.snapshot(cluster_.id, "namenode");
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->taken_at, then);
  EXPECT_EQ(seen->parts.at(0).content, R"({"beans":[]})");
  EXPECT_FALSE(pages_.snapshot(cluster_.id, "../../logs").ok());
}

TEST_F(SparkPagesTest, SnapshotsOfTheOldestClustersMakeRoom) {
  hadoop_.say("GET /jmx", 200, "{}");
  const PageSnapshots few(dir_.path() / "few", 2);
  HttpClient client;
  const auto server = pages_.servers(cluster_).front();
  for (const char* id : {"c-1", "c-2", "c-3"}) {
    cluster_.id = ClusterId{id};
    const auto taken =
        few.take(client, endpoints_of(cluster_, nullptr), cluster_.id, server, "", clock_.now());
    ASSERT_TRUE(taken.ok()) << taken.error().message;
    fs::last_write_time(dir_.path() / "few" / id,
                        fs::file_time_type::clock::now() - std::chrono::hours(4 - (id[2] - '0')));
  }
  EXPECT_TRUE(few.of(ClusterId{"c-1"}).empty());
  EXPECT_EQ(few.of(ClusterId{"c-3"}).size(), 1u);
}

// A program in the place of Java: answers as the History Server does, on the port that it is told.
constexpr const char* kFakeJava = R"py(#!/usr/bin/env python3
import http.server, re, signal, sys
text = open(sys.argv[-1]).read()
if "fail" in __file__:
    sys.exit("no such class")
if "hang" in __file__:
    open(sys.argv[-1] + ".read", "w").close()
    signal.pause()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
port = int(re.search(r"spark.history.ui.port=(\d+)", text)[1])
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
)py";

class HistoryServerTest : public ::testing::Test {
 protected:
  HistoryServerOptions options(Millis idle) {
    return {.dir = dir_.path() / "server",
            .logs = dir_.path(),
            .place = "/v1/pages",
            .idle = idle,
            .start_deadline = Millis{20'000}};
  }
  std::function<Result<ReleaseFacts>()> release(const std::string& name) {
    const fs::path home = dir_.path() / name;
    EXPECT_TRUE(make_directory(home / "bin").ok());
    EXPECT_TRUE(write_file(home / "bin" / "java", kFakeJava, 0755).ok());
    return [home] { return Result<ReleaseFacts>(ReleaseFacts{.java_home = home.string()}); };
  }
  Result<std::string> asked(const std::string& url) {
    HttpRequest request;
    request.url = url;
    BDAAS_ASSIGN(const auto answer, client_->send(request));
    return answer.body;
  }

  TempDir dir_ = TempDir::make().value();
  std::shared_ptr<HttpClient> client_ = std::make_shared<HttpClient>();
};

TEST_F(HistoryServerTest, StartsOnceWhenItIsAskedForAndEndsWithItsOwner) {
  std::string url;
  {
    HistoryServer server(options(Millis{60'000}), release("jdk"), client_, Log());
    const auto first = server.url();
    ASSERT_TRUE(first.ok()) << first.error().message;
    url = *first;
    EXPECT_EQ(asked(url + "/x").value_or("silence"), "/x");
    EXPECT_EQ(server.url().value_or(""), url);
  }
  EXPECT_FALSE(asked(url + "/x").ok());
}

TEST_F(HistoryServerTest, EndsWhenNobodyLooksAndStartsAgain) {
  HistoryServer server(options(Millis{300}), release("jdk"), client_, Log());
  const auto first = server.url();
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (asked(*first + "/x").ok() && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_FALSE(asked(*first + "/x").ok());
  const auto second = server.url();
  EXPECT_TRUE(second.ok()) << second.error().message;
}

TEST_F(HistoryServerTest, NobodyWaitsForOneThatIsStopped) {
  HistoryServer server(options(Millis{60'000}), release("jdk-hang"), client_, Log());
  auto url = std::async(std::launch::async, [&] { return server.url(); });
  const auto has_begun = [&] {
    const auto files = fs::recursive_directory_iterator(dir_.path());
    return std::any_of(begin(files), end(files),
                       [](const auto& file) { return file.path().extension() == ".read"; });
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!has_begun() && std::chrono::steady_clock::now() < deadline) {
  }
  const auto stopped_at = std::chrono::steady_clock::now();
  server.stop();
  const auto none = url.get();
  EXPECT_LT(std::chrono::steady_clock::now() - stopped_at, std::chrono::seconds(2));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(server.url().ok()) << "it was started again";
}

TEST_F(HistoryServerTest, SaysWhyItDidNotStart) {
  HistoryServer server(options(Millis{60'000}), release("jdk-fail"), client_, Log());
  const auto url = server.url();
  ASSERT_FALSE(url.ok());
  EXPECT_THAT(url.error().message, HasSubstr("no such class"));
}

}  // namespace
}  // namespace bdaas
