// The engines' pages over the API: what leads where, and who may look.

#include <gmock/gmock.h>

#include "api/page_html.h"
#include "api/test_api.h"

namespace bdaas::api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PagesTest : public ApiTest {
 protected:
  Cluster ended_cluster() {
    auto row = cluster(user_);
    const auto ended = writer_.write([&]() -> Result<> {
      for (const auto to : {ClusterState::terminating, ClusterState::terminated}) {
        BDAAS_TRY(store_->transition(row, to, Reason::user_request, "test", "", clock_.now()));
      }
      return {};
    });
    EXPECT_TRUE(ended.ok()) << ended.error().message;
    return row;
  }
  std::string place(const Cluster& cluster) { return "/v1/clusters/" + cluster.id.text + "/pages"; }

  std::string cookie_for(const std::string& to) {
    const auto link = read<PageLink>(post("/v1/page-links", R"({"to": ")" + to + R"("})"));
    link_ = link.path;
    const auto visit = ask({.path = link.path, .with_token = false});
    EXPECT_EQ(visit.status, 303) << visit.body;
    EXPECT_EQ(visit.header("Location"), to);
    const auto cookie = visit.header("Set-Cookie");
    EXPECT_THAT(cookie, AllOf(HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Strict")));
    return cookie.substr(0, cookie.find(';'));
  }
  TestAnswer browse(const std::string& path, const std::string& cookie,
                    const std::string& method = "GET") {
    return ask({.method = method,
                .path = path,
                .headers = "Cookie: a=b; " + cookie + "\r\n",
                .with_token = false});
  }

  std::string link_;
};

TEST_F(PagesTest, APageIsAskedForAsItWasSent) {
  const auto at = place(cluster(user_));
  EXPECT_EQ(get(at + "/namenode/a%20b/?x=1&y=%2F").body, at + " namenode /a%20b/?x=1&y=%2F");
  const auto answer =
      ask({.path = at + "/namenode/", .headers = "Accept: text/html\r\nCookie: secret=1\r\n"});
  EXPECT_EQ(answer.body, at + " namenode / accept=text/html");
  EXPECT_EQ(get(at + "/namenode").header("Location"), at + "/namenode/");
  EXPECT_EQ(get(at + "/elsewhere:22/").status, 404);
  EXPECT_EQ(ask({.method = "POST", .path = at + "/namenode/"}).status, 405);
  EXPECT_EQ(get("/v1/pages/history/app/jobs/?id=1").body, "history /history/app/jobs/?id=1");
  EXPECT_EQ(get("/v1/pages/").header("Location"), "/v1/pages/history/");
}

TEST_F(PagesTest, PagesOfOthersDoNotExist) {
  const auto at = place(cluster(other_));
  for (const char* below : {"", "/", "/namenode/"}) EXPECT_EQ(get(at + below).status, 404);
}

TEST_F(PagesTest, AreListedForProgramsAndForPeople) {
  const auto row = cluster(user_);
  const auto list = read<Items<PageView>>(get(place(row))).items;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].path, place(row) + "/namenode/");
  EXPECT_TRUE(list[0].live);
  EXPECT_EQ(list[0].host, "m");
  EXPECT_EQ(list[0].port, 9870);
  EXPECT_EQ(list[1].port, 0);
  EXPECT_EQ(list[1].name, "driver");
  EXPECT_FALSE(list[1].live);
  const auto page = get(place(row) + "/");
  EXPECT_THAT(page.header("Content-Type"), StartsWith("text/html"));
  EXPECT_THAT(page.body, HasSubstr("href=\"" + place(row) + "/driver/\""));
}

TEST_F(PagesTest, AfterTheClustersEndTheLastLookIsShownAndSaysSo) {
  const auto row = ended_cluster();
  const auto seen = get(place(row) + "/driver/jobs/");
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.body, AllOf(HasSubstr("snapshot of 2023-11-14T22:13:20.000Z; the cluster has "
                                         "ended"),
                               HasSubstr("&lt;count&gt;"), Not(HasSubstr("<script"))));
  EXPECT_EQ(get(place(row) + "/namenode/").status, 404);  // never looked at
}

TEST_F(PagesTest, ABrowserIsLetInByALinkOnce) {
  const auto at = place(cluster(user_));
  const auto cookie = cookie_for(at + "/");
  EXPECT_EQ(ask({.path = link_, .with_token = false}).status, 404);
  EXPECT_EQ(browse(at + "/namenode/", cookie).status, 200);
  EXPECT_EQ(browse("/v1/pages/history/", cookie).status, 200);
  EXPECT_EQ(browse(at + "/namenode/", "bdaas_pages=").status, 401);
  EXPECT_EQ(browse(at + "/namenode/", cookie + "x").status, 401);
  EXPECT_EQ(ask({.path = at + "/namenode/", .with_token = false}).status, 401);
}

TEST_F(PagesTest, TheCookieOpensPagesAndNothingElse) {
  const auto at = place(cluster(user_));
  const auto cookie = cookie_for("/v1/pages/history/");
  for (const char* path : {"/v1/info", "/v1/jobs", "/v1/clusters"}) {
    EXPECT_EQ(browse(path, cookie).status, 401) << path;
  }
  EXPECT_EQ(browse("/v1/shutdown", cookie, "POST").status, 401);
  const std::string headers = "Cookie: " + cookie + "\r\nSec-Fetch-Site: cross-site\r\n";
  EXPECT_EQ(ask({.path = at + "/", .headers = headers, .with_token = false}).status, 403);
}

TEST_F(PagesTest, LinksLeadToPagesOnly) {
  for (const char* to : {"", "/", "//evil.example/", "http://evil.example/v1/pages/", "/v1/jobs",
                         "/v1/pages/\\r\\nSet-Cookie: x"}) {
    EXPECT_EQ(post("/v1/page-links", std::string(R"({"to": ")") + to + R"("})").status, 400) << to;
  }
  EXPECT_EQ(ask({.path = "/v1/page-links/made-up", .with_token = false}).status, 404);
  EXPECT_EQ(ask({.method = "POST",
                 .path = "/v1/page-links",
                 .body = R"({"to": "/v1/pages/history/"})",
                 .with_token = false})
                .status,
            401);
}

TEST(PageDoorTest, KeysGrowOld) {
  FakeClock clock;
  SystemEntropy entropy;
  PageDoor door(clock, entropy);
  const auto late = door.make_link("/v1/pages/");
  const auto link = door.make_link("/v1/pages/");
  clock.advance(Millis{119'000});
  const auto session = door.visit(link.text);
  ASSERT_TRUE(session);
  clock.advance(Millis{1'000});
  EXPECT_FALSE(door.visit(late.text));
  EXPECT_TRUE(door.knows(session->text));
  clock.advance(std::chrono::hours(12));
  EXPECT_FALSE(door.knows(session->text));
}

TEST(PageHtml, ShowsJsonAsTables) {
  const PageSnapshot snapshot{.page = "namenode",
                              .title = "T",
                              .taken_at = {},
                              .parts = {{"Nodes", R"({"live": "{\"w-1\": {\"used\": 5}}",
                                                     "rows": [{"a": 1}, {"b": "<x>"}], "no": []})"},
                                        {"Odd", "no json <b>"}}};
  const auto html = snapshot_html(ClusterId{"c-1"}, snapshot, "gone");
  EXPECT_THAT(html, HasSubstr("<th>w-1</th><td><table><tr><th>used</th><td>5</td>"));
  EXPECT_THAT(html, HasSubstr("<tr><th>a</th><th>b</th></tr>"));
  EXPECT_THAT(html, HasSubstr("<td></td><td>&lt;x&gt;</td>"));
  EXPECT_THAT(html, HasSubstr("no json &lt;b&gt;"));
}

}  // namespace
}  // namespace bdaas::api
