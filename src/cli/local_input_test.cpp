#include "cli/local_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/digest.h"
#include "base/temp_dir.h"
#include "cli/commands/place.h"
#include "cli/known_members.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;

class LocalInputTest : public testing::Test {
 protected:
  fs::path put(const std::string& name, const std::string& content) {
    std::ofstream(dir_.path() / name) << content;
    return dir_.path() / name;
  }
  template <class T>
  static std::string refusal(const Result<T>& result) {
    if (result.ok()) return "accepted";
    EXPECT_EQ(exit_code_of(result.error().kind), ExitCode::bad_input);
    return result.error().message;
  }

  TempDir dir_ = TempDir::make().value();
};

TEST_F(LocalInputTest, GoodPrograms) {
  const auto python = check_program(put("a.py", "print(1)"));
  ASSERT_TRUE(python.ok());
  EXPECT_EQ(python->name, "a.py");
  EXPECT_EQ(python->kind, ProgramKind::python);
  EXPECT_EQ(python->sha256, sha256_hex("print(1)"));
  const auto jar = check_program(put("b.jar", std::string("PK\x03\x04zip")));
  ASSERT_TRUE(jar.ok());
  EXPECT_EQ(jar->kind, ProgramKind::jar);
}

TEST_F(LocalInputTest, BadPrograms) {
  EXPECT_THAT(refusal(check_program(dir_.path() / "no.py")), HasSubstr("no.py' does not exist"));
  EXPECT_THAT(refusal(check_program(dir_.path())), HasSubstr("is a directory"));
  EXPECT_THAT(refusal(check_program(put("e.py", ""))), HasSubstr("is empty"));
  EXPECT_THAT(refusal(check_program(put("x.scala", "x"))), HasSubstr("neither a Python file"));
  EXPECT_THAT(refusal(check_program(put("t.jar", "text"))), HasSubstr("is no Java archive"));
  EXPECT_THAT(refusal(check_program(put("s.jar", "P"))), HasSubstr("is no Java archive"));
  ::mkfifo((dir_.path() / "pipe.py").c_str(), 0600);
  EXPECT_THAT(refusal(check_program(dir_.path() / "pipe.py")), HasSubstr("no ordinary file"));
}

TEST_F(LocalInputTest, Data) {
  const auto file = check_data(put("iliad.txt", "sing"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->name, "iliad.txt");
  EXPECT_EQ(file->shape, DataShape::file);
  const auto tree = check_data(dir_.path() / "");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->name, dir_.path().filename());
  EXPECT_EQ(tree->shape, DataShape::tree);
  EXPECT_EQ(tree->content_bytes, 4u);
  fs::create_symlink("iliad.txt", dir_.path() / "link");  // named by the user: followed
  EXPECT_TRUE(check_data(dir_.path() / "link").ok());

  EXPECT_THAT(refusal(check_data(dir_.path() / "no")), HasSubstr("the data '"));
  EXPECT_THAT(refusal(check_data(put("empty", ""))), HasSubstr("is empty"));
  EXPECT_THAT(refusal(check_data(put("10:30.txt", "x"))), HasSubstr("which HDFS does not take"));
  fs::remove(dir_.path() / "10:30.txt");
  EXPECT_THAT(refusal(check_data(dir_.path())), HasSubstr("symbolic link"));
}

TEST_F(LocalInputTest, Output) {
  EXPECT_TRUE(check_output(dir_.path() / "new.tar.gz").ok());
  EXPECT_TRUE(check_output(put("old.tar.gz", "x")).ok());
  EXPECT_THAT(refusal(check_output(dir_.path())), HasSubstr("is a directory"));
  EXPECT_THAT(refusal(check_output(dir_.path() / "no/x")), HasSubstr("cannot write into"));
}

TEST(Ids, AreToldFromFiles) {
  EXPECT_EQ(as_id<DataSetId>("d-4k2m9x0p1qzr").value().text, "d-4k2m9x0p1qzr");
  EXPECT_FALSE(as_id<DataSetId>("p-4k2m9x0p1qzr").has_value());
  EXPECT_FALSE(as_id<DataSetId>("d-4k2m9x0p1qz").has_value());
  EXPECT_FALSE(as_id<DataSetId>("d-4K2m9x0p1qzr").has_value());
  EXPECT_FALSE(as_id<DataSetId>("data.txt").has_value());
}

// ---- options that describe a cluster ----

Result<ClusterSpec> place(std::initializer_list<std::pair<const Option*, std::string>> given) {
  Arguments arguments;
  for (const auto& [option, value] : given) {
    auto values = arguments.list(*option);
    values.push_back(value);
    arguments.add(option->name, values);
  }
  return read_place(arguments);
}

TEST(Place, Defaults) {
  const auto spec = place({}).value();
  EXPECT_EQ(to_json(spec), to_json(ClusterSpec{}));
}

TEST(Place, Everything) {
  const auto spec = place({{&kWorkers, "3"},
                           {&kMemory, "6g"},
                           {&kCores, "2"},
                           {&kMaster, "standalone"},
                           {&kOn, "fake"},
                           {&kNoComet, ""},
                           {&kRelease, "bdaas-2"},
                           {&kSet, "spark.a=b=c"},
                           {&kSet, "spark.d="}})
                        .value();
  EXPECT_EQ(spec.workers, 3);
  EXPECT_EQ(spec.memory_mib, 6144);
  EXPECT_EQ(spec.cores, 2);
  EXPECT_EQ(spec.scheduler, Scheduler::standalone);
  EXPECT_EQ(spec.provider, "fake");
  EXPECT_EQ(spec.engine, "fake");
  EXPECT_FALSE(spec.comet);
  EXPECT_EQ(spec.release, "bdaas-2");
  EXPECT_EQ(spec.settings,
            (std::map<std::string, std::string>{{"spark.a", "b=c"}, {"spark.d", ""}}));
}

TEST(Place, RefusesWithTheOptionsName) {
  const auto refusal = [](const Result<ClusterSpec>& spec) {
    return spec.ok() ? "accepted" : spec.error().message;
  };
  EXPECT_THAT(refusal(place({{&kWorkers, "0"}})),
              HasSubstr("--workers: '0' is not a whole number"));
  EXPECT_THAT(refusal(place({{&kWorkers, "1001"}})), HasSubstr("from 1 to 1000"));
  EXPECT_THAT(refusal(place({{&kMemory, "6"}})), HasSubstr("--memory: '6'"));
  EXPECT_THAT(refusal(place({{&kOn, "locl"}})), HasSubstr("did you mean 'local'?"));
  EXPECT_THAT(refusal(place({{&kMaster, "mesos"}})), HasSubstr("none of yarn, standalone"));
  EXPECT_THAT(refusal(place({{&kSet, "spark.x"}})), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(refusal(place({{&kSet, "a=1"}, {&kSet, "a=2"}})), HasSubstr("given twice"));
}

// ---- answers of newer managers ----

TEST(KnownMembers, LeavesOutWhatThisVersionDoesNotKnow) {
  const auto value =
      parse_json(R"({"id":"n-1","owner":"u-1","cluster":"c-1","lease":"l-1","role":"worker",
    "index":1,"colour":"red","daemons":[{"name":"datanode","state":"ready","mood":"good"}],
    "machine":{"machine_id":"m","weight":5}})");
  EXPECT_FALSE(from_json<Node>(*value).ok());
  const auto node = noun_from<Node>(*value);
  ASSERT_TRUE(node.ok()) << node.error().message;
  ASSERT_EQ(node->daemons.size(), 1u);
  EXPECT_EQ(node->daemons[0].name, "datanode");
}

TEST(KnownMembers, WhatIsMissingIsStillAnError) {
  const auto job = noun_from<Job>(*parse_json(R"({"id":"j-1"})"));
  ASSERT_FALSE(job.ok());
  EXPECT_THAT(job.error().message, HasSubstr("the manager's answer"));
}

}  // namespace
}  // namespace bdaas::cli
