#include "net/url.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

TEST(ParseUrl, TakesApart) {
  const auto url = parse_url("HTTP://C-x-Worker-1:9864/webhdfs/v1/a%20b?op=CREATE&x=/y").value();
  EXPECT_EQ(url.scheme, "http");
  EXPECT_EQ(url.host, "c-x-worker-1");
  EXPECT_EQ(url.port, 9864);
  EXPECT_EQ(url.target, "/webhdfs/v1/a%20b?op=CREATE&x=/y");
  EXPECT_EQ(url.origin(), "http://c-x-worker-1:9864");
}

TEST(ParseUrl, FillsInPortAndPath) {
  EXPECT_EQ(parse_url("http://h").value().port, 80);
  EXPECT_EQ(parse_url("https://h").value().port, 443);
  EXPECT_EQ(parse_url("http://h").value().target, "/");
  EXPECT_EQ(parse_url("http://h?q").value().target, "/?q");
  EXPECT_EQ(parse_url("http://[::1]:80/x").value().host, "::1");
  EXPECT_EQ(parse_url("http://[::1]/x").value().origin(), "http://[::1]:80");
}

TEST(ParseUrl, RefusesTheRest) {
  for (const std::string_view text : {"",
                                      "h",
                                      "/x",
                                      "ftp://h/",
                                      "file:///etc/passwd",
                                      "http://",
                                      "http:///x",
                                      "http://h:0/",
                                      "http://h:65536/",
                                      "http://h:/",
                                      "http://h:80x/",
                                      "http://user@h/",
                                      "http://h /",
                                      "http://h/a b",
                                      "http://h/\r\nX: y",
                                      "http://h/#f",
                                      "http://[::1",
                                      "http://::1/",
                                      "http://h%00/",
                                      "http://[h]x/"}) {
    EXPECT_FALSE(parse_url(text).ok()) << text;
  }
}

TEST(PercentEncode, BothWays) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/ä&=%+"), "a%20b%2F%C3%A4%26%3D%25%2B");
  EXPECT_EQ(percent_encode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(percent_decode("a%20b%2f%C3%A4+").value(), "a b/ä+");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)).value(), all);
  for (const std::string_view text : {"%", "%2", "x%", "%G0", "%0G", "%%20"}) {
    EXPECT_FALSE(percent_decode(text).ok()) << text;
  }
}

TEST(QueryString, KeepsTheOrder) {
  EXPECT_EQ(query_string({{"op", "CREATE"}, {"user.name", "a&b"}, {"e", ""}}),
            "op=CREATE&user.name=a%26b&e=");
  EXPECT_EQ(query_string({}), "");
}

TEST(IsLoopback, ByNameAndAddress) {
  for (const std::string_view host :
       {"127.0.0.1", "127.250.3.4", "::1", "localhost", "LocalHost", "a.localhost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const std::string_view host :
       {"128.0.0.1", "127.0.0.1.example.org", "127", "localhosts", "0.0.0.0", "::2", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace bdaas
