#include "api/http_text.h"

#include <gtest/gtest.h>

namespace bdaas::api {
namespace {

TEST(HttpText, DecodesPercent) {
  EXPECT_EQ(percent_decode("a%20b%2fc").value(), "a b/c");
  EXPECT_EQ(percent_decode("a+b").value(), "a+b");
  EXPECT_EQ(percent_decode("a+b", true).value(), "a b");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(percent_decode("%4g"));
  EXPECT_EQ(percent_decode("%41").value(), "A");
}

TEST(HttpText, SplitsPaths) {
  EXPECT_EQ(split_path("/v1/jobs/j-1").value(), (std::vector<std::string>{"v1", "jobs", "j-1"}));
  EXPECT_EQ(split_path("/v1/jobs/").value(), (std::vector<std::string>{"v1", "jobs", ""}));
  // An encoded slash is part of a name, never a separator.
  EXPECT_EQ(split_path("/v1/a%2Fb").value(), (std::vector<std::string>{"v1", "a/b"}));
  EXPECT_FALSE(split_path("/v1/%zz"));
}

TEST(HttpText, ParsesQueries) {
  const auto values = parse_query("a=1&b=x%20y&c&").value();
  EXPECT_EQ(values.at("a"), "1");
  EXPECT_EQ(values.at("b"), "x y");
  EXPECT_EQ(values.at("c"), "");
  EXPECT_FALSE(parse_query("a=1&a=2"));
  EXPECT_FALSE(parse_query("a=%"));
  EXPECT_TRUE(parse_query("").value().empty());
}

TEST(HttpText, NamesMediaTypes) {
  EXPECT_EQ(media_type(" Application/JSON; charset=utf-8"), "application/json");
  EXPECT_TRUE(accepts("text/html, text/event-stream;q=0.9", "text/event-stream"));
  EXPECT_FALSE(accepts("*/*", "text/event-stream"));
}

TEST(HttpText, ParsesRanges) {
  struct Case {
    std::string_view header;
    RangeVerdict verdict;
    std::uint64_t first, last;
  };
  for (const auto& [header, verdict, first, last] :
       std::initializer_list<Case>{{"bytes=0-9", RangeVerdict::part, 0, 9},
                                   {"bytes=90-", RangeVerdict::part, 90, 99},
                                   {"bytes=90-1000", RangeVerdict::part, 90, 99},
                                   {"bytes=-5", RangeVerdict::part, 95, 99},
                                   {"bytes=-500", RangeVerdict::part, 0, 99},
                                   {"bytes=100-", RangeVerdict::unsatisfiable, 0, 0},
                                   {"bytes=-0", RangeVerdict::unsatisfiable, 0, 0},
                                   {"bytes=9-0", RangeVerdict::whole, 0, 0},
                                   {"bytes=0-1,3-4", RangeVerdict::whole, 0, 0},
                                   {"lines=0-1", RangeVerdict::whole, 0, 0},
                                   {"bytes=", RangeVerdict::whole, 0, 0},
                                   {"bytes=-", RangeVerdict::whole, 0, 0},
                                   {"bytes=a-b", RangeVerdict::whole, 0, 0},
                                   {"bytes=0-99999999999999999999", RangeVerdict::whole, 0, 0}}) {
    ByteRange range;
    EXPECT_EQ(parse_range(header, 100, range), verdict) << header;
    EXPECT_EQ(range.first, first) << header;
    EXPECT_EQ(range.last, last) << header;
  }
}

TEST(HttpText, ReadsWholeNumbers) {
  EXPECT_EQ(parse_whole_number("0", "x").value(), 0u);
  EXPECT_EQ(parse_whole_number("9223372036854775807", "x").value(), 9223372036854775807u);
  for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808"}) {
    EXPECT_FALSE(parse_whole_number(bad, "x")) << bad;
  }
}

TEST(HttpText, WritesDatesAsTheStandardDoes) {
  EXPECT_EQ(http_date(Time{std::chrono::seconds(784'111'777)}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpText, NoValueEndsItsHeaderEarly) {
  const std::string value("a\r\nEvil: 1\0b", 12);
  EXPECT_EQ(response_head(200, {{"X", value}}), "HTTP/1.1 200 OK\r\nX: a  Evil: 1 b\r\n\r\n");
}

}  // namespace
}  // namespace bdaas::api
