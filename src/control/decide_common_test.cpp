#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/deciders.h"

namespace bdaas {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

const JobId kJob{"j-7"};

Words inputs_of(std::size_t number) {
  Words inputs;
  for (std::size_t i = 1; i <= number; ++i) inputs.push_back(job_input(kJob, i));
  return inputs;
}

Result<Words> resolve(const Words& args, std::size_t inputs) {
  return resolve_arguments(args, job_input_dir(kJob, inputs), inputs_of(inputs), job_output(kJob));
}

TEST(ResolveArguments, PlacesAreAppendedOrPutIn) {
  const std::string in = "/bdaas/jobs/j-7/input", out = "/bdaas/jobs/j-7/output";
  const std::string json = R"({"a":1, "b":{"input":"x"}})";
  struct Row {
    Words args;
    std::size_t inputs;
    Words resolved;
  };
  const std::vector<Row> table = {
      {{}, 0, {out}},
      {{}, 1, {in + "/1", out}},
      {{}, 3, {in + "/1", in + "/2", in + "/3", out}},
      {{"10"}, 2, {"10"}},  // who gives arguments gives all of them
      {{"{input}", "{output}"}, 1, {in + "/1", out}},
      {{"{input}", "{output}"}, 2, {in, out}},
      {{"{input:2}", "{input:1}"}, 2, {in + "/2", in + "/1"}},
      {{"{input:1}/a.csv", "--to={output}/part"}, 1, {in + "/1/a.csv", "--to=" + out + "/part"}},
      {{"{input},{input:2}:{output}"}, 2, {in + "," + in + "/2:" + out}},
      {{"{output}"}, 0, {out}},
      {{json}, 0, {json}},
      {{json}, 2, {json}},
      {{R"({"to":{"dir":"{output}"}})"}, 0, {R"({"to":{"dir":")" + out + R"("}})"}},
      {{"{unknown}", "{}", "{", "}", "{input", "input}", ""},
       0,
       {"{unknown}", "{}", "{", "}", "{input", "input}", ""}},
  };
  for (const auto& row : table) {
    const auto resolved = resolve(row.args, row.inputs);
    ASSERT_TRUE(resolved.ok()) << resolved.error().message;
    EXPECT_THAT(*resolved, ElementsAreArray(row.resolved));
  }
}

TEST(ResolveArguments, APlaceThatIsNotThereIsRefusedByName) {
  struct Row {
    std::string arg;
    std::size_t inputs;
    std::string_view said;
  };
  const std::vector<Row> table = {
      {"--in={input}", 0, "'--in={input}' names {input}, but the job has no data; add --data"},
      {"{input:1}", 0, "{input:1}, but the job has 0 data sets"},
      {"{input:3}", 2, "{input:3}, but the job has 2 data sets"},
      {"{input:0}", 2, "{input:0}"},
      {"{input:-1}", 2, "{input:-1}"},
      {"{input:}", 2, "{input:}"},
      {"{input:x}", 2, "{input:x}"},
      {"{input:99999999999999999999}", 2, "{input:99999999999999999999}"},
  };
  for (const auto& row : table) {
    const auto resolved = resolve({"fine", row.arg}, row.inputs);
    ASSERT_FALSE(resolved.ok()) << row.arg;
    EXPECT_EQ(resolved.error().kind, ErrorKind::invalid_argument) << row.arg;
    EXPECT_THAT(resolved.error().message, HasSubstr(row.said));
  }
}

}  // namespace
}  // namespace bdaas
