#include "service/page_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const PageLinks kLinks{"/p/rm", {{"m:8088", "/p/rm"}, {"w:8042", "/p/w.nm"}}};

TEST(PageLinks, LeadThroughTheManager) {
  const std::pair<const char*, const char*> cases[] = {
      {"/cluster", "/p/rm/cluster"},
      {"/", "/p/rm/"},
      {"http://w:8042/node?a=1", "/p/w.nm/node?a=1"},
      {"//w:8042", "/p/w.nm/"},
      {"http://m:8088/cluster", "/p/rm/cluster"},
      {"http://m:8088/p/rm/x", "/p/rm/x"},
      {"/p/rm/static/a.js", "/p/rm/static/a.js"},
      {"/p/rmx", "/p/rm/p/rmx"},
      {"jobs/", "jobs/"},
      {"#top", "#top"},
      {"", ""},
      {"http://elsewhere.example/x", "http://elsewhere.example/x"},
      {"http://w:22/x", "http://w:22/x"},
      {"javascript:void(0)", "javascript:void(0)"},
  };
  for (const auto& [from, to] : cases) EXPECT_EQ(through_manager(kLinks, from), to) << from;
}

std::string rewritten(std::string_view html, std::size_t piece) {
  HtmlRewriter rewriter(kLinks);
  std::string out;
  for (std::size_t at = 0; at < html.size(); at += piece) {
    out += rewriter.feed(html.substr(at, piece));
  }
  return out + rewriter.finish();
}

TEST(HtmlRewriter, TurnsAttributesOnlyHoweverThePiecesFall) {
  const std::string html =
      "<!DOCTYPE html>\n<a class='x' HREF='/cluster'>/cluster</a><img src=/i.png>"
      "<form action = \"/go\" method=get><a title=\"href='/no'\" href=\"rel\">"
      "if (i<n && n > 0) <p>a < b</p><a href=\"http://w:8042/node\">w</a><br/><a href=/end";
  const std::string wanted =
      "<!DOCTYPE html>\n<a class='x' HREF='/p/rm/cluster'>/cluster</a><img src=/p/rm/i.png>"
      "<form action = \"/p/rm/go\" method=get><a title=\"href='/no'\" href=\"rel\">"
      "if (i<n && n > 0) <p>a < b</p><a href=\"/p/w.nm/node\">w</a><br/><a href=/end";
  for (const std::size_t piece : {1u, 2u, 7u, 1000u}) EXPECT_EQ(rewritten(html, piece), wanted);
}

TEST(HtmlRewriter, LinksInScriptsThatWriteHtmlAreTurnedToo) {
  EXPECT_THAT(rewritten(R"(<head></head><script>var d=[["<a href='/cluster/app/1'>1</a>"]])", 5),
              HasSubstr("'/p/rm/cluster/app/1'"));
}

TEST(HtmlRewriter, PutsItsScriptBeforeAllOthersOnce) {
  const auto in_head = rewritten("<html><head><script src='/a.js'></script></head>", 3);
  EXPECT_THAT(in_head, HasSubstr("<head><script>(function(p,s)"));
  EXPECT_THAT(in_head, HasSubstr(R"(("/p/rm",{"m:8088":"/p/rm","w:8042":"/p/w.nm"});</script>)"
                                 "<script src='/p/rm/a.js'>"));
  const auto without_head = rewritten("<html><script>x</script><script>y</script>", 100);
  EXPECT_EQ(without_head.find("XMLHttpRequest.prototype.open;"),
            without_head.rfind("XMLHttpRequest.prototype.open;"));
  EXPECT_THAT(rewritten("<p>no script, no head</p>", 100), Not(HasSubstr("script>")));
}

TEST(HtmlRewriter, HoldsBackNoMoreThanATag) {
  HtmlRewriter rewriter(kLinks);
  const std::string endless = "<" + std::string(100'000, 'a');
  EXPECT_GT(rewriter.feed(endless).size() + 20'000, endless.size());
}

}  // namespace
}  // namespace bdaas
