#include "control/repeat_command.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

std::string repeat(const JobSpec& spec) {
  Program program;
  program.name = "count.py";
  return repeat_command(spec, program);
}

JobSpec job() {
  JobSpec spec;
  spec.name = "count.py";
  spec.program = ProgramId{"p-1"};
  return spec;
}

TEST(RepeatCommand, IsWhatTheCallerTyped) {
  auto spec = job();
  spec.command = {"./bdaas", "run",   "my dir/count.py", "--data",
                  "../it's", "--set", "spark.a=b",       "--output",
                  "",        "--",    "{input}",         "$HOME"};
  EXPECT_EQ(repeat(spec),
            "./bdaas run 'my dir/count.py' --data '../it'\\''s' --set spark.a=b --output '' -- "
            "'{input}' '$HOME'");
}

TEST(RepeatCommand, ShowsNoSecrets) {
  auto spec = job();
  spec.command = {"bdaas",
                  "run",
                  "a.py",
                  "--set",
                  "spark.hadoop.fs.s3a.secret.key=xyz",
                  "--set=spark.my.Password=a=b",
                  "--set",
                  "spark.b=key",
                  "--",
                  "--set",
                  "token=mine"};
  EXPECT_EQ(repeat(spec),
            "bdaas run a.py --set 'spark.hadoop.fs.s3a.secret.key=***' "
            "'--set=spark.my.Password=***' --set spark.b=key -- --set token=mine");
  spec.command.clear();
  spec.place.settings = {{"spark.hadoop.fs.s3a.access.key", "xyz"}};
  EXPECT_EQ(repeat(spec), "bdaas run p-1 --workers 1 --set 'spark.hadoop.fs.s3a.access.key=***'");
}

TEST(RepeatCommand, OfAJobWithoutOneEveryOptionIsNamed) {
  auto spec = job();
  EXPECT_EQ(repeat(spec), "bdaas run p-1 --workers 1");
  spec.name = "by hand";
  spec.main_class = "org.example.Main";
  spec.data = {DataSetId{"d-1"}, DataSetId{"d-2"}};
  spec.keep = true;
  spec.timeout_ms = Millis{1500};
  spec.args = {"{input}", "10"};
  spec.place.workers = 3;
  spec.place.provider = "fake";
  spec.place.engine = "fake";
  spec.place.release = "bdaas-0";
  spec.place.scheduler = Scheduler::standalone;
  spec.place.comet = false;
  spec.place.memory_mib = 4096;
  spec.place.cores = 2;
  spec.place.settings = {{"spark.a", "b c"}};
  EXPECT_EQ(repeat(spec),
            "bdaas run p-1 --name 'by hand' --class org.example.Main --data d-1 --data d-2 "
            "--workers 3 --on fake --engine fake --release bdaas-0 --master standalone --no-comet "
            "--memory 4096m --cores 2 --keep --set 'spark.a=b c' --timeout 1500ms -- '{input}' 10");
  spec.cluster = ClusterId{"c-7"};
  EXPECT_EQ(repeat(spec),
            "bdaas run p-1 --name 'by hand' --class org.example.Main --data d-1 --data d-2 "
            "--cluster c-7 --set 'spark.a=b c' --timeout 1500ms -- '{input}' 10");
}

}  // namespace
}  // namespace bdaas
