#include "service/diagnostics.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

// The texts are what YARN 3.5.0 and Spark 3.5.7 said.

TEST(Diagnostics, ExceptionOfTheProgram) {
  EXPECT_EQ(explain_failure(
                "User class threw exception: java.lang.IllegalStateException: the moon is full\n"
                "\tat org.example.WordCount.main(WordCount.java:5)\n"
                "\tat org.apache.spark.deploy.yarn.ApplicationMaster$$anon$2.run(AM.scala:738)\n"
                "Caused by: java.lang.RuntimeException: deep cause\n\t... 6 more\n"),
            "the program failed with java.lang.IllegalStateException: the moon is full (caused by "
            "java.lang.RuntimeException: deep cause)");
}

TEST(Diagnostics, ExceptionInATask) {
  EXPECT_EQ(
      explain_failure(
          "User class threw exception: org.apache.spark.SparkException: Job aborted due to stage "
          "failure: Task 1 in stage 0.0 failed 4 times, most recent failure: Lost task 1.3 in "
          "stage 0.0 (TID 5) (c-7-worker-2 executor 1): java.lang.RuntimeException: task says "
          "no\n\tat org.example.WordCount.lambda$main$19e3a193$1(WordCount.java:5)\n"
          "\nDriver stacktrace:\n\tat org.apache.spark.scheduler.DAGScheduler.x(D.scala:1)\n"
          "Caused by: java.lang.RuntimeException: task says no\n\tat x.y(Z.java:1)\n"),
      "the program failed with java.lang.RuntimeException: task says no");
}

TEST(Diagnostics, ExitCodeOfPython) {
  EXPECT_EQ(explain_failure("User application exited with status 7"),
            "the program ended with exit code 7");
}

TEST(Diagnostics, TooLittleMemory) {
  EXPECT_EQ(
      explain_failure("User class threw exception: java.lang.OutOfMemoryError: Java heap space\n"
                      "\tat org.example.WordCount.main(WordCount.java:5)\n"),
      "the program ran out of memory (java.lang.OutOfMemoryError: Java heap space): give it "
      "more with --memory or take fewer workers");
  EXPECT_EQ(
      explain_failure("Application application_1_1 failed 1 times due to AM Container for "
                      "appattempt_1_1_000001 exited with  exitCode: -104\nDiagnostics: "
                      "[...]Container [pid=1,containerID=c] is running 5B beyond the "
                      "'PHYSICAL' memory limit. Current usage: 1 GB of 1 GB physical memory"),
      "YARN ended its container because it took more memory than it was promised: give it more "
      "with --memory or take fewer workers");
}

TEST(Diagnostics, ExitOfTheDriver) {
  EXPECT_EQ(explain_failure("Shutdown hook called before final status was reported."),
            "the program ended itself before Spark had finished (it called exit)");
  EXPECT_EQ(
      explain_failure("Application application_1_1 failed 1 times (global limit =2; local limit "
                      "is =1) due to AM Container for appattempt_1_1_000001 exited with  "
                      "exitCode: 137\nFailing this attempt."),
      "its driver was killed (SIGKILL): the machine may have run out of memory");
  EXPECT_EQ(explain_failure("Application application_1_1 failed 1 times due to AM Container for "
                            "appattempt_1_1_000001 exited with  exitCode: 154\nFailing."),
            "its driver was lost: it died together with the NodeManager that watched it");
  EXPECT_EQ(
      explain_failure("… exited with  exitCode: 1\nLast 4096 bytes of stderr :\nError: Could not "
                      "find or load main class org.example.Nosuch\n"),
      "its driver ended with exit code 1: Could not find or load main class org.example.Nosuch");
}

TEST(Diagnostics, AProgramWithoutSpark) {
  EXPECT_EQ(explain_failure("Application application_1_1 failed 1 times due to AM Container for "
                            "appattempt_1_1_000001 exited with  exitCode: 13\nFailing."),
            "the program ended without having made a SparkContext, which YARN waits for; a program "
            "that needs none runs with --master standalone");
}

TEST(Diagnostics, OthersKeepTheirFirstLine) {
  EXPECT_EQ(
      explain_failure("Application application_1_1 was killed by user ann at 127.0.0.1\nmore"),
      "Application application_1_1 was killed by user ann at 127.0.0.1");
  EXPECT_EQ(explain_failure(""), "");
}

TEST(Diagnostics, LongOnesAreCut) {
  const auto text = explain_failure("User class threw exception: " + std::string(5000, 'x'));
  EXPECT_LT(text.size(), 450u);
  EXPECT_TRUE(text.ends_with("…"));
}

}  // namespace
}  // namespace bdaas
