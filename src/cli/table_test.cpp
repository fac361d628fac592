#include "cli/table.h"

#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

const Time kNow = from_rfc3339("2026-01-31T08:05:00.000Z").value();

constexpr std::array kColumns = {Column{"ID", "id"}, Column{"STATE", "status.state", Show::state},
                                 Column{"SIZE", "bytes", Show::bytes},
                                 Column{"AGE", "created_at", Show::age},
                                 Column{"DATA", "spec.data", Show::count}};

json::array rows() {
  return parse_json(R"([
    {"id":"j-1","status":{"state":"Running"},"bytes":2048,
     "created_at":"2026-01-31T08:00:00.000Z","spec":{"data":["d-1","d-2"]},"new_member":7},
    {"id":"j-long","status":{"state":"Failed"},"bytes":5,"created_at":"2026-01-31T08:04:59.000Z"}
  ])")
      .value()
      .get_array();
}

TEST(Table, AlignsColumns) {
  EXPECT_EQ(render_table(rows(), kColumns, {kNow, false}),
            "ID      STATE       SIZE  AGE    DATA\n"
            "j-1     Running  2.0 KiB  5 min     2\n"
            "j-long  Failed       5 B  1 s\n");
}

TEST(Table, ColoursStatesWithoutBreakingTheAlignment) {
  const auto text = render_table(rows(), kColumns, {kNow, true});
  EXPECT_NE(text.find("j-1     \x1b[32mRunning\x1b[0m  2.0 KiB"), std::string::npos) << text;
  EXPECT_NE(text.find("j-long  \x1b[31mFailed\x1b[0m       5 B"), std::string::npos) << text;
}

TEST(Table, SaysWhenThereIsNothing) {
  EXPECT_EQ(render_table({}, kColumns, {kNow, false}), "none\n");
}

TEST(Table, ControlCharactersOfANameAreHarmless) {
  const auto row = parse_json(R"([{"id":"a\u001b[2Jb"}])").value().get_array();
  EXPECT_EQ(render_table(row, std::span(kColumns).first(1), {kNow, false}), "ID\na [2Jb\n");
}

TEST(Description, IndentsAndLeavesOutWhatIsEmpty) {
  const auto value = parse_json(R"({"id":"c-1","version":3,"spec":{"workers":2,"name":""},
    "daemons":[{"name":"namenode","pid":7},{"name":"datanode"}],"args":["a","b"],"none":[]})");
  EXPECT_EQ(render_description(*value, {kNow, false}),
            "id: c-1\n"
            "spec:\n"
            "  workers: 2\n"
            "daemons:\n"
            "  - name: namenode\n"
            "    pid: 7\n"
            "  - name: datanode\n"
            "args: a, b\n");
}

TEST(Table, PathsThatLeadNowhere) {
  const auto value = parse_json(R"({"a":{"b":1}})");
  EXPECT_EQ(text_at(*value, "a.b"), "1");
  EXPECT_EQ(text_at(*value, "a.b.c"), "");
  EXPECT_EQ(text_at(*value, "x"), "");
}

}  // namespace
}  // namespace bdaas::cli
