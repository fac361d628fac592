#include "engine/spark/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spark/properties.h"
#include "engine/spark/test_cluster.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

const StagedFile kStaged{"hdfs://c-7-master:8020/bdaas/staging/s-1/x", 123, 456};

ProgramFacts python_program() {
  ProgramFacts program;
  program.step = StepId{"s-1"};
  program.name = "count words";
  program.file_name = "word count.py";
  program.args = {"/in", "/out it's"};
  program.env = {{"BDAAS_OUTPUT", "/out it's"}};
  return program;
}

ProgramFacts jar_program() {
  ProgramFacts program = python_program();
  program.kind = ProgramKind::jar;
  program.file_name = "wc.jar";
  program.main_class = "org.example.WordCount";
  return program;
}

Result<YarnSubmission> plan(const ProgramFacts& program,
                            const ClusterFacts& cluster = test_cluster()) {
  return plan_yarn_submission(cluster, test_memory(cluster), program, "application_1_0001",
                              kStaged);
}

std::string after(const std::vector<std::string>& argv, const std::string& option) {
  const auto found = std::find(argv.begin(), argv.end(), option);
  return found == argv.end() || found + 1 == argv.end() ? "absent" : *(found + 1);
}

TEST(Submission, AJarRunsInTheApplicationMaster) {
  const auto submission = plan(jar_program());
  ASSERT_TRUE(submission.ok());
  const auto& argv = submission->exec.argv;
  EXPECT_EQ(argv[0], "/jdk/bin/java");
  EXPECT_THAT(argv, Contains("-Xmx512m"));
  EXPECT_EQ(after(argv, "--class"), "org.example.WordCount");
  EXPECT_EQ(after(argv, "--jar"), kStaged.url);
  EXPECT_EQ(after(argv, "--arg"), "/in");
  EXPECT_EQ(after(argv, "-cp"), "/pkg/spark/jars/*:/pkg/comet.jar:{dir}/conf:{cwd}");
  EXPECT_EQ(submission->properties.at("spark.yarn.user.jar"), kStaged.url);
  EXPECT_THAT(submission->exec.files[1].content, HasSubstr("spark.yarn.cache.timestamps=456"));
  EXPECT_EQ(submission->exec.output_dir, "steps/s-1");
}

TEST(Submission, WhatIsStagedSaysWhichApplicationItIsFor) {
  EXPECT_EQ(application_of(plan(python_program())->exec), "application_1_0001");
  EXPECT_EQ(application_of(ExecSpec{}), "");
}

TEST(Submission, APythonProgramRunsUnderPythonRunner) {
  const auto submission = plan(python_program());
  ASSERT_TRUE(submission.ok());
  EXPECT_EQ(after(submission->exec.argv, "--class"), "org.apache.spark.deploy.PythonRunner");
  EXPECT_EQ(after(submission->exec.argv, "--primary-py-file"), "word_count.py");
  EXPECT_EQ(submission->properties.at("spark.yarn.isPython"), "true");
  EXPECT_EQ(submission->exec.files[1].content, "");
  EXPECT_THAT(submission->exec.env, Contains(Pair("BDAAS_OUTPUT", "/out it's")));
  EXPECT_THAT(submission->exec.env, Contains(Pair("PYTHONHASHSEED", "0")));
}

TEST(Submission, WhatItAsksForFitsTheWorkers) {
  const auto submission = plan(jar_program());
  ASSERT_TRUE(submission.ok());
  EXPECT_EQ(submission->driver_mib, 640);
  const auto& p = submission->properties;
  EXPECT_EQ(p.at("spark.executor.instances"), "3");
  EXPECT_EQ(p.at("spark.executor.memory"), "640m");
  EXPECT_EQ(p.at("spark.memory.offHeap.size"), "512m");
  EXPECT_EQ(p.at("spark.executor.memoryOverhead"), "128m");
}

TEST(Submission, CometIsASwitch) {
  auto cluster = test_cluster();
  EXPECT_THAT(plan(jar_program(), cluster)->properties, Contains(Key("spark.plugins")));
  cluster.spec.comet = false;
  const auto without = plan(jar_program(), cluster);
  EXPECT_THAT(without->properties, Not(Contains(Key("spark.plugins"))));
  EXPECT_THAT(without->properties, Not(Contains(Key("spark.memory.offHeap.enabled"))));
}

TEST(Submission, AShuffleHasAsManyPartsAsTheDataNeeds) {
  const std::string name = "spark.sql.shuffle.partitions";
  auto program = jar_program();
  const auto partitions = [&] {
    const auto properties = plan(program)->properties;
    const auto found = properties.find(name);
    return found == properties.end() ? "Spark's" : found->second;
  };
  EXPECT_EQ(partitions(), "Spark's") << "what it reads is not known";
  program.input_bytes = 1;
  EXPECT_EQ(partitions(), "24") << "eight for each of three cores";
  program.input_bytes = std::int64_t{1} << 30;
  EXPECT_EQ(partitions(), "32") << "one for 32 MiB";
  program.input_bytes = std::int64_t{1} << 40;
  EXPECT_EQ(partitions(), "200") << "never more than Spark would make";
}

TEST(Submission, SettingsOfTheStepGoOverThoseOfTheCluster) {
  auto cluster = test_cluster();
  cluster.spec.settings = {{"spark.sql.shuffle.partitions", "7"}, {"spark.locality.wait", "1s"}};
  auto program = jar_program();
  program.settings = {{"spark.sql.shuffle.partitions", "9"},
                      {"spark.executor.extraJavaOptions", "-Da='b c'"}};
  const auto submission = plan(program, cluster);
  EXPECT_EQ(submission->properties.at("spark.sql.shuffle.partitions"), "9");
  EXPECT_EQ(submission->properties.at("spark.locality.wait"), "1s");
  const auto& options = submission->properties.at("spark.executor.extraJavaOptions");
  EXPECT_THAT(options, HasSubstr("-Djdk.net.hosts.file={{BDAAS_DIR}}/conf/hosts"));
  EXPECT_TRUE(options.ends_with("-Da='b c'"));
}

TEST(Submission, DirectoriesAreReadWithAllBelowUnlessTheUserWantsOtherwise) {
  const std::string name = "spark.hadoop.mapreduce.input.fileinputformat.input.dir.recursive";
  EXPECT_EQ(plan(jar_program())->properties.at(name), "true");
  auto program = jar_program();
  program.settings = {{name, "false"}};
  EXPECT_EQ(plan(program)->properties.at(name), "false");
}

TEST(Submission, SettingsThatDoNotFitAreRefusedWithTheNumbers) {
  auto program = jar_program();
  program.settings = {{"spark.executor.memory", "4g"}};
  const auto refused = plan(program);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("4736 MiB for an executor"));
  EXPECT_THAT(refused.error().message, HasSubstr("1920 MiB"));
  program.settings = {{"spark.driver.memory", "much"}};
  EXPECT_EQ(plan(program).error().kind, ErrorKind::invalid_argument);
}

TEST(Submission, TheRequestIsWhatYarnReads) {
  auto cluster = test_cluster();
  cluster.agent_binary = "/opt/it's/bdaas-agent";
  const auto program = python_program();
  const auto submission = plan(program, cluster);
  const StagedFile spec{"hdfs://c-7-master:8020/bdaas/staging/s-1/driver.json", 9, 8};
  const auto body =
      yarn_request(cluster, *submission, program, "application_1_0001", kStaged, spec);
  EXPECT_EQ(write_json(body),
            R"({"application-id":"application_1_0001","application-name":"count words",)"
            R"("application-type":"SPARK","application-tags":{"tag":["s-1"]},"max-app-attempts":1,)"
            R"("queue":"default","priority":0,"unmanaged-AM":false,)"
            R"("keep-containers-across-application-attempts":false,)"
            R"("resource":{"memory":640,"vCores":1},"am-container-spec":{"commands":{"command":)"
            R"("exec '/opt/it'\\''s/bdaas-agent' exec --spec driver.json 1> <LOG_DIR>/stdout )"
            R"(2> <LOG_DIR>/stderr"},"environment":{"entry":[]},"local-resources":{"entry":[)"
            R"({"key":"driver.json","value":{"resource":)"
            R"("hdfs://c-7-master:8020/bdaas/staging/s-1/driver.json","type":"FILE",)"
            R"("visibility":"APPLICATION","size":9,"timestamp":8}},)"
            R"({"key":"word_count.py","value":{"resource":)"
            R"("hdfs://c-7-master:8020/bdaas/staging/s-1/x","type":"FILE",)"
            R"("visibility":"APPLICATION","size":123,"timestamp":456}}]}}})");
}

TEST(Submission, ProgramNamesAreHarmless) {
  auto program = python_program();
  for (const auto& [given, staged] : {std::pair{"a.py", "a.py"},
                                      {"../../x.py", "program.._.._x.py"},
                                      {"naïve$(x).py", "na__ve__x_.py"},
                                      {"script", "script.py"},
                                      {".py", "program.py"}}) {
    program.file_name = given;
    EXPECT_EQ(staged_program_name(program), staged);
  }
  EXPECT_EQ(staged_program_name(jar_program()), "__app__.jar");
}

TEST(Submission, StandaloneIsAProcessOfTheMaster) {
  const auto cluster = test_cluster(Scheduler::standalone);
  const auto memory = test_memory(cluster);
  const auto run = SparkEngine().plan_run(cluster, memory, jar_program());
  ASSERT_TRUE(run.ok() && run->has_value());
  const auto& argv = (*run)->argv;
  EXPECT_THAT(argv, Contains("org.apache.spark.deploy.SparkSubmit"));
  EXPECT_EQ(after(argv, "--class"), "org.example.WordCount");
  EXPECT_EQ(argv[argv.size() - 3], "hdfs://c-7-master:8020/bdaas/staging/s-1/__app__.jar");
  EXPECT_EQ(argv.back(), "/out it's");
  EXPECT_EQ((*run)->files[0].path, "/srv/n0/steps/s-1/spark.properties");
  EXPECT_THAT((*run)->files[0].content, HasSubstr("spark.master=spark://c-7-master:7077"));
  EXPECT_THAT((*run)->env, Contains(Pair("SPARK_LOCAL_IP", "127.7.0.1")));
}

TEST(Submission, YarnIsNoProcessOfTheMaster) {
  const auto cluster = test_cluster();
  const auto run = SparkEngine().plan_run(cluster, test_memory(cluster), jar_program());
  ASSERT_TRUE(run.ok());
  EXPECT_FALSE(run->has_value());
}

TEST(Properties, Words) {
  EXPECT_THAT(split_words("  -Da=1 '-Db=2 3' -Dc=\"4 5\" ''"),
              ElementsAre("-Da=1", "-Db=2 3", "-Dc=4 5", ""));
  EXPECT_THAT(split_words(""), ElementsAre());
}

TEST(Properties, Memory) {
  EXPECT_EQ(*parse_memory_mib("x", "512m"), 512);
  EXPECT_EQ(*parse_memory_mib("x", "2G"), 2048);
  EXPECT_EQ(*parse_memory_mib("x", "2gb"), 2048);
  EXPECT_EQ(*parse_memory_mib("x", "300"), 300);
  EXPECT_EQ(*parse_memory_mib("x", "2048k"), 2);
  for (const char* wrong : {"", "m", "-1m", "1.5g", "1gg", "99999999999999999999"}) {
    EXPECT_FALSE(parse_memory_mib("x", wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace bdaas
