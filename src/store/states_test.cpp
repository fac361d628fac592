// The edge tables of model/states.h make sense, and docs/states.md shows them. BDAAS_UPDATE_DOCS=1
// writes that file.

#include "model/states.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "base/files.h"
#include "model/intent.h"
#include "store/noun_traits.h"

namespace bdaas {
namespace {

using testing::ElementsAre;

template <class State>
std::set<State> reachable_from(State start) {
  std::set<State> seen{start};
  for (std::size_t before = 0; before != seen.size();) {
    before = seen.size();
    for (const auto& edge : edge_table(State{})) {
      if (seen.contains(edge.from)) seen.insert(edge.to);
    }
  }
  return seen;
}

template <class State>
std::vector<std::string_view> terminals() {
  std::vector<std::string_view> names;
  for (const auto& row : enum_table(State{})) {
    if (is_terminal(row.value)) names.push_back(row.text);
  }
  return names;
}

template <class State>
class EdgeTableTest : public testing::Test {};

using AllStates = testing::Types<LeaseState, ClusterState, StepState, JobState>;
TYPED_TEST_SUITE(EdgeTableTest, AllStates);

TYPED_TEST(EdgeTableTest, EveryStateIsReachedFromTheFirst) {
  const auto reached = reachable_from(first_state<TypeParam>());
  for (const auto& row : enum_table(TypeParam{}))
    EXPECT_TRUE(reached.contains(row.value)) << row.text;
}

TYPED_TEST(EdgeTableTest, EveryStateLeadsToAnEnd) {
  for (const auto& row : enum_table(TypeParam{})) {
    bool ends = false;
    for (const auto state : reachable_from(row.value)) ends = ends || is_terminal(state);
    EXPECT_TRUE(ends) << row.text;
  }
}

TYPED_TEST(EdgeTableTest, EveryEdgeStandsOnceWithItsReason) {
  std::set<std::pair<TypeParam, TypeParam>> seen;
  for (const auto& edge : edge_table(TypeParam{})) {
    EXPECT_TRUE(seen.insert({edge.from, edge.to}).second) << to_text(edge.from) << to_text(edge.to);
    EXPECT_NE(edge.from, edge.to) << to_text(edge.from);
    EXPECT_FALSE(edge.why.empty()) << to_text(edge.from) << to_text(edge.to);
    EXPECT_TRUE(may_move(edge.from, edge.to));
    EXPECT_NE(edge.to, first_state<TypeParam>()) << "nothing returns to its beginning";
  }
}

TEST(EdgeTables, OnlyTheMeantStatesAreEnds) {
  EXPECT_THAT(terminals<LeaseState>(), ElementsAre("Released", "RentFailed"));
  EXPECT_THAT(terminals<ClusterState>(), ElementsAre("Terminated", "TerminatedWithErrors"));
  EXPECT_THAT(terminals<StepState>(), ElementsAre("Succeeded", "Failed", "Cancelled"));
  EXPECT_THAT(terminals<JobState>(), ElementsAre("Succeeded", "Failed", "Cancelled"));
}

TEST(EdgeTables, AnyLivingClusterMayBeTerminatedAndAnyLivingStepCancelled) {
  for (const auto& row : enum_table(ClusterState{})) {
    const bool expected = !is_terminal(row.value) && row.value != ClusterState::terminating;
    EXPECT_EQ(may_move(row.value, ClusterState::terminating), expected) << row.text;
  }
  for (const auto& row : enum_table(StepState{})) {
    const bool expected = !is_terminal(row.value) && row.value != StepState::cancelling;
    EXPECT_EQ(may_move(row.value, StepState::cancelling), expected) << row.text;
  }
}

// ---- docs/states.md ----

template <class State>
std::string section(std::string_view title, std::string_view what) {
  std::string text = fmt::format("\n## {}\n\n{}\n\n```mermaid\nstateDiagram-v2\n", title, what);
  text += fmt::format("  [*] --> {}\n", to_text(first_state<State>()));
  for (const auto& edge : edge_table(State{})) {
    text += fmt::format("  {} --> {}\n", to_text(edge.from), to_text(edge.to));
  }
  for (const auto& row : enum_table(State{})) {
    if (is_terminal(row.value)) text += fmt::format("  {} --> [*]\n", row.text);
  }
  text += "```\n\n| from | to | when |\n|---|---|---|\n";
  for (const auto& edge : edge_table(State{})) {
    text += fmt::format("| {} | {} | {} |\n", to_text(edge.from), to_text(edge.to), edge.why);
  }
  return text;
}

std::string states_document() {
  return "# States\n\n"
         "Generated from the edge tables of `src/model/states.h`; `BDAAS_UPDATE_DOCS=1 store_test` "
         "writes it anew.\n"
         "Only `Store::transition()` changes a state. It refuses every edge that is not listed "
         "here, and appends to\n"
         "the history in the same transaction.\n" +
         section<JobState>("Job", "Program + data + workers + place → result.") +
         section<StepState>("Step", "One program run on a cluster.") +
         section<ClusterState>("Cluster", "Machines that run the engines together.") +
         section<LeaseState>("Lease", "The right to one machine, and the duty to give it back.");
}

TEST(StatesDocument, ShowsTheEdgeTables) {
  const auto path = fs::path(__FILE__).parent_path() / "../../docs/states.md";
  if (std::getenv("BDAAS_UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(write_file(path, states_document()).ok());
  }
  const auto present = read_file(path);
  ASSERT_TRUE(present.ok()) << present.error().message;
  EXPECT_EQ(*present, states_document()) << "run store_test with BDAAS_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace bdaas
