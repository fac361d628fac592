#include "engine/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "base/files.h"

namespace bdaas {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kGib = 1024;

std::int64_t driver_of(const MemoryPlan& plan) {
  return plan.driver_heap_mib + plan.driver_overhead_mib;
}

std::int64_t executor_of(const MemoryPlan& plan) {
  return plan.executor_heap_mib + plan.executor_off_heap_mib + plan.executor_overhead_mib;
}

// A row of docs/memory.md as a plan gives it.
std::string row_of(const MemoryRequest& request) {
  const auto plan = plan_memory(request);
  if (!plan) return plan.error().message;
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} + {} | {} + {} + {} | {} | {} |",
                     request.total_mib / kGib, request.cores, request.workers,
                     request.comet ? "yes" : "no", to_text(request.scheduler),
                     plan->node_memory_mib, plan->driver_heap_mib, plan->driver_overhead_mib,
                     plan->executor_heap_mib, plan->executor_off_heap_mib,
                     plan->executor_overhead_mib, plan->executors, plan->executor_cores);
}

TEST(Memory, Table) {
  EXPECT_EQ(row_of({6 * kGib, 2, 1, true, Scheduler::yarn}),
            "| 6 | 2 | 1 | yes | yarn | 5248 | 1024 + 256 | 1664 + 1664 + 640 | 1 | 2 |");
  EXPECT_EQ(row_of({6 * kGib, 2, 3, true, Scheduler::yarn}),
            "| 6 | 2 | 3 | yes | yarn | 1920 | 512 + 128 | 640 + 512 + 128 | 3 | 1 |");
  EXPECT_EQ(row_of({6 * kGib, 2, 3, false, Scheduler::yarn}),
            "| 6 | 2 | 3 | no | yarn | 1920 | 512 + 128 | 1152 + 0 + 128 | 3 | 1 |");
  EXPECT_EQ(row_of({6 * kGib, 2, 3, true, Scheduler::standalone}),
            "| 6 | 2 | 3 | yes | standalone | 1280 | 512 + 128 | 640 + 512 + 128 | 3 | 1 |");
  EXPECT_EQ(row_of({12 * kGib, 2, 3, true, Scheduler::yarn}),
            "| 12 | 2 | 3 | yes | yarn | 4096 | 768 + 128 | 1408 + 1280 + 512 | 3 | 1 |");
  EXPECT_EQ(row_of({12 * kGib, 4, 3, false, Scheduler::yarn}),
            "| 12 | 4 | 3 | no | yarn | 4096 | 768 + 128 | 2688 + 0 + 512 | 3 | 2 |");
  EXPECT_EQ(row_of({24 * kGib, 2, 3, true, Scheduler::yarn}),
            "| 24 | 2 | 3 | yes | yarn | 8960 | 1536 + 384 | 2944 + 2944 + 1152 | 3 | 1 |");
  EXPECT_EQ(row_of({24 * kGib, 16, 3, true, Scheduler::standalone}),
            "| 24 | 16 | 3 | yes | standalone | 7040 | 1536 + 384 | 2944 + 2944 + 1152 | 3 | 6 |");
  EXPECT_EQ(row_of({24 * kGib, 8, 10, true, Scheduler::yarn}),
            "| 24 | 8 | 10 | yes | yarn | 2560 | 512 + 128 | 896 + 768 + 256 | 10 | 1 |");
}

// Every row of the page is what the function says, and the page has rows.
TEST(Memory, ThePageIsTrue) {
  const auto page =
      read_file(fs::path(__FILE__).parent_path().parent_path().parent_path() / "docs/memory.md");
  ASSERT_TRUE(page.ok()) << page.error().message;
  std::istringstream lines(*page);
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    std::int64_t gib = 0;
    MemoryRequest request;
    char comet[4] = "";
    char scheduler[12] = "";
    if (std::sscanf(line.c_str(), "| %ld | %ld | %ld | %3s | %11s |", &gib, &request.cores,
                    &request.workers, comet, scheduler) != 5) {
      continue;
    }
    request.total_mib = gib * kGib;
    request.comet = std::string_view(comet) == "yes";
    request.scheduler = from_text<Scheduler>(scheduler).value();
    EXPECT_EQ(line, row_of(request));
    ++rows;
  }
  EXPECT_GE(rows, 9);
}

void expect_sound(const MemoryRequest& request, const MemoryPlan& plan) {
  const bool yarn = request.scheduler == Scheduler::yarn;
  const std::int64_t driver = driver_of(plan);
  const std::int64_t executor = executor_of(plan);
  ASSERT_EQ(plan.executors % request.workers, 0);
  const std::int64_t executors_each = plan.executors / request.workers;

  // Nothing is promised that is not there.
  EXPECT_LE(plan.total_mib(request.workers), request.total_mib);
  EXPECT_GE(plan.shared_mib, driver + 200);
  EXPECT_GE(plan.worker_mib, executors_each * executor + 300);
  // YARN rounds up to its steps: what is asked for is such a step already.
  EXPECT_EQ(executor % kAllocationStepMib, 0);
  EXPECT_EQ(driver % kAllocationStepMib, 0);
  EXPECT_EQ(plan.node_memory_mib % kAllocationStepMib, 0);
  // The driver finds its place beside the executors of any worker…
  EXPECT_LE(executors_each * executor + (yarn ? driver : 0), plan.node_memory_mib);
  EXPECT_LE(executors_each * plan.executor_cores + (yarn ? 1 : 0), plan.node_cores);
  // …and no worker takes an executor that belongs to another.
  EXPECT_GT((executors_each + 1) * executor, plan.node_memory_mib);
  // Spark starts with these.
  EXPECT_GE(plan.driver_heap_mib, 512);
  EXPECT_GE(plan.executor_heap_mib, 512);
  EXPECT_GE(plan.executor_off_heap_mib, request.comet ? 256 : 0);
  EXPECT_GE(plan.executor_cores, 1);
  // Every core has work.
  EXPECT_GE(plan.executors * plan.executor_cores,
            request.cores - request.workers * executors_each * 4);
}

TEST(Memory, SoundForManySizes) {
  int planned = 0;
  for (std::int64_t total = 512; total <= 300 * kGib; total += total < 32 * kGib ? 97 : 4'999) {
    for (const std::int64_t workers : {1, 2, 3, 5, 16, 100}) {
      for (const std::int64_t cores : {1, 2, 7, 64}) {
        for (const bool comet : {true, false}) {
          for (const auto scheduler : {Scheduler::yarn, Scheduler::standalone}) {
            const MemoryRequest request{total, cores, workers, comet, scheduler};
            const auto plan = plan_memory(request);
            if (!plan) continue;
            ++planned;
            expect_sound(request, *plan);
            if (HasFailure())
              FAIL() << write_json(to_json(*plan)) << " of " << total << " MiB, " << workers
                     << " workers, " << cores << " cores";
          }
        }
      }
    }
  }
  EXPECT_GT(planned, 5'000);
}

TEST(Memory, MoreMemoryNeverPlansLess) {
  std::int64_t last = 0;
  for (std::int64_t total = 6 * kGib; total <= 64 * kGib; total += 61) {
    const auto plan = plan_memory({total, 2, 3, true, Scheduler::yarn});
    ASSERT_TRUE(plan.ok());
    EXPECT_GE(plan->node_memory_mib, last);
    last = plan->node_memory_mib;
  }
}

TEST(Memory, TheLeastIsJustEnough) {
  for (const std::int64_t workers : {1, 2, 3, 10}) {
    MemoryRequest request{0, 2, workers, true, Scheduler::yarn};
    request.total_mib = least_memory_mib(request);
    EXPECT_TRUE(plan_memory(request).ok()) << workers;
    --request.total_mib;
    EXPECT_FALSE(plan_memory(request).ok()) << workers;
  }
}

TEST(Memory, RefusesWithTheNumbers) {
  const auto plan = plan_memory({4 * kGib, 2, 3, true, Scheduler::yarn});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::resource_exhausted);
  EXPECT_EQ(
      plan.error().message,
      "3 workers need 4.7 GiB of memory (1.5 GiB of it for the daemons) and there are 4.0 GiB: "
      "take at most 2 or give more with --memory");
  const auto one = plan_memory({1 * kGib, 2, 1, true, Scheduler::yarn});
  ASSERT_FALSE(one.ok());
  EXPECT_THAT(one.error().message, HasSubstr("1 worker needs 2.3 GiB"));
  EXPECT_THAT(one.error().message, HasSubstr("there is 1.0 GiB: give more with --memory"));
}

// What the refusal names as fitting does fit, and one more does not.
TEST(Memory, RefusalNamesTheLargestThatFits) {
  for (std::int64_t total = 3 * kGib; total < 40 * kGib; total += 333) {
    std::int64_t fitting = 0;
    while (plan_memory({total, 2, fitting + 1, true, Scheduler::yarn}).ok()) ++fitting;
    ASSERT_GT(fitting, 0);
    const auto refused = plan_memory({total, 2, fitting + 7, true, Scheduler::yarn});
    EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("take at most {} or", fitting)));
  }
}

// A machine of its own gives to programs what its daemons and its system leave.
TEST(Memory, MachinesOfTheirOwnAreSharedEachForItself) {
  for (const auto scheduler : {Scheduler::yarn, Scheduler::standalone}) {
    for (std::int64_t total = 2 * kGib; total < 80 * kGib; total += 777) {
      const auto plan = plan_memory({total, 4, 3, true, scheduler, true});
      if (!plan) {
        EXPECT_LT(total, 3 * kGib);
        EXPECT_THAT(plan.error().message, HasSubstr("each machine needs"));
        continue;
      }
      EXPECT_LE(plan->worker_mib, total - 256);
      EXPECT_LE(plan->node_memory_mib + 300, total);
      const std::int64_t executor =
          plan->executor_heap_mib + plan->executor_overhead_mib + plan->executor_off_heap_mib;
      const std::int64_t driver = plan->driver_heap_mib + plan->driver_overhead_mib;
      EXPECT_GE(plan->node_memory_mib,
                executor * plan->executors / 3 + (scheduler == Scheduler::yarn ? driver : 0));
      EXPECT_LE(plan->shared_mib, total - 256) << "the master's machine";
      EXPECT_EQ(plan->executors % 3, 0);
    }
  }
}

TEST(Memory, RefusesNonsense) {
  EXPECT_EQ(plan_memory({64 * kGib, 2, 0}).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(plan_memory({64 * kGib, 2, 1001}).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(plan_memory({64 * kGib, 0, 1}).error().kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace bdaas
