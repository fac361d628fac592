#include "cli/run/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run/live_area.h"
#include "cli/text.h"

namespace bdaas::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Time kStart = from_rfc3339("2026-01-31T08:00:00.000Z").value();
Time at(int seconds) { return kStart + std::chrono::seconds(seconds); }

PhaseView phase(Phase which, PhaseState state, int began, int ended, std::string detail = {}) {
  return {which, state, at(began), at(ended), std::move(detail), 0, 0};
}

// A job in the middle of its program.
RunModel running_model() {
  RunModel model;
  model.title = "wordcount.py";
  model.has_data = true;
  model.job = JobId{"j-1"};
  model.cluster = ClusterId{"c-1"};
  model.phase(Phase::upload) = phase(Phase::upload, PhaseState::done, 0, 1);
  model.phase(Phase::cluster) = phase(Phase::cluster, PhaseState::done, 1, 12);
  model.phase(Phase::data) = phase(Phase::data, PhaseState::done, 12, 13);
  model.phase(Phase::program) = phase(Phase::program, PhaseState::running, 13, 0);
  model.stages = {{2, "count at wordcount.py:12", "ACTIVE", 100, 50, 1},
                  {1, "done", "COMPLETE", 10, 10, 0}};
  return model;
}

RunModel ended_model() {
  auto model = running_model();
  model.phase(Phase::program) = phase(Phase::program, PhaseState::done, 13, 21);
  model.phase(Phase::result) = phase(Phase::result, PhaseState::done, 21, 22);
  model.phase(Phase::clean_up) = phase(Phase::clean_up, PhaseState::done, 21, 23);
  model.end = JobEnd{JobState::succeeded, Reason::none, ""};
  model.archive = SavedArchive{"wordcount-j-1.tar.gz", "abc", 2048, 3, true};
  return model;
}

// ---- terminal ----

TEST(RenderBlock, WhileTheProgramRuns) {
  EXPECT_THAT(
      render_block(running_model(), at(20), {100, 24, false}),
      ElementsAre(
          "wordcount.py · j-1 · c-1", "✔ upload        1.0 s", "✔ cluster      11.0 s",
          "✔ data          1.0 s", "⠋ program       7.0 s",
          "    ━━━━━━━━━━━━──────────── 50/100  stage 2 count at wordcount.py:12 (1 failed)",
          "  result", "  clean-up"));
}

TEST(RenderBlock, WhileTheClusterStarts) {
  RunModel model;
  model.title = "x\x1b[2J.py";
  model.phase(Phase::upload) = phase(Phase::upload, PhaseState::done, 0, 1);
  model.phase(Phase::cluster) =
      phase(Phase::cluster, PhaseState::running, 1, 0, "starting daemons");
  model.nodes = {{"master", "ready", true, false},
                 {"worker-1", "1 of 2 daemons ready", false, false},
                 {"worker-2", "failed", false, true}};
  model.trouble = "the manager does not answer";
  EXPECT_THAT(render_block(model, at(3), {80, 24, false}),
              ElementsAre("x [2J.py", "✔ upload        1.0 s",
                          "⠋ cluster       2.0 s  starting daemons, 1 of 3 nodes ready",
                          "    worker-1  1 of 2 daemons ready", "    worker-2  failed", "  program",
                          "  result", "  clean-up", "the manager does not answer"));
}

TEST(RenderBlock, WhileDataIsSent) {
  RunModel model;
  model.title = "x.py";
  model.phase(Phase::upload) = phase(Phase::upload, PhaseState::running, 0, 0);
  model.phase(Phase::upload).bytes_done = 512 << 20;
  model.phase(Phase::upload).bytes_total = 1 << 30;
  const auto lines = render_block(model, at(1), {80, 24, false});
  EXPECT_EQ(lines[1], "⠋ upload        1.0 s  ━━━━━━━━━━━━──────────── 512.0 MiB of 1.0 GiB");
}

TEST(RenderBlock, FitsTheScreen) {
  auto model = running_model();
  model.title = std::string(300, 'x');
  for (std::int64_t i = 0; i < 50; ++i) model.stages.push_back({10 + i, "s", "ACTIVE", 9, 1, 0});
  for (const std::size_t columns : {1u, 2u, 20u, 79u, 200u}) {
    for (const std::size_t rows : {1u, 5u, 24u}) {
      const auto lines = render_block(model, at(20), {columns, rows, false});
      EXPECT_LT(lines.size(), std::max<std::size_t>(rows, 2));
      for (const auto& line : lines)
        EXPECT_LE(display_width(line), std::max<std::size_t>(columns, 2) - 1);
    }
  }
}

TEST(RenderBlock, ColoursOnlyWhenAsked) {
  const auto coloured = render_block(running_model(), at(20), {80, 24, true});
  EXPECT_EQ(coloured[1], "\x1b[32m✔ upload        1.0 s\x1b[0m");
  for (const auto& line : render_block(running_model(), at(20), {80, 24, false})) {
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  }
}

// ---- pipe ----

std::string plain(const RunChange& change) {
  return render_plain(change, at(61), std::chrono::hours(1));
}

TEST(RenderPlain, OneLineAChange) {
  EXPECT_EQ(plain(JobKnown{JobId{"j-1"}}), "09:01:01 job j-1\n");
  EXPECT_EQ(plain(PhaseChanged{phase(Phase::cluster, PhaseState::running, 60, 0)}),
            "09:01:01 cluster: begun\n");
  EXPECT_EQ(
      plain(PhaseChanged{phase(Phase::cluster, PhaseState::running, 60, 0, "starting agents")}),
      "09:01:01 cluster: starting agents\n");
  EXPECT_EQ(plain(PhaseChanged{phase(Phase::cluster, PhaseState::done, 40, 59)}),
            "09:00:59 cluster: done after 19.0 s\n");
  EXPECT_EQ(plain(NodeChanged{{"worker-1", "ready", true, false}}),
            "09:01:01 node worker-1: ready\n");
  EXPECT_EQ(plain(StageChanged{{2, "count", "COMPLETE", 9, 9, 0}}),
            "09:01:01 stage 2 (count): 9 of 9 tasks\n");
  EXPECT_EQ(plain(Noted{"a\x1b[2Jb"}), "09:01:01 a [2Jb\n");
}

TEST(RenderPlain, NothingForWhatChangesAllTheTime) {
  EXPECT_EQ(plain(NodeChanged{{"worker-1", "1 of 2 daemons ready", false, false}}), "");
  EXPECT_EQ(plain(StageChanged{{2, "count", "ACTIVE", 9, 3, 0}}), "");
  EXPECT_EQ(plain(OutputArrived{OutputStream::out, "9573\n"}), "");
}

// ---- the end ----

TEST(RenderSummary, Success) {
  EXPECT_EQ(render_summary(ended_model(), at(23)),
            "wordcount.py succeeded after 23.0 s (upload 1.0 s, cluster 11.0 s, data 1.0 s, "
            "program 8.0 s, result 1.0 s, clean-up 2.0 s)\n"
            "result: wordcount-j-1.tar.gz (2.0 KiB, 3 files of output)\n");
}

TEST(RenderSummary, SaysWhenThereIsNoOutputAndWhenTheClusterStays) {
  auto model = ended_model();
  model.keeps = true;
  model.archive->has_output = false;
  const auto text = render_summary(model, at(23));
  EXPECT_THAT(text, HasSubstr("the program wrote nothing to {output}"));
  EXPECT_THAT(text, HasSubstr("`bdaas clusters terminate c-1`"));
  model.end->state = JobState::cancelled;
  EXPECT_THAT(render_summary(model, at(23)), HasSubstr("was cancelled after"));
  model.end.reset();
  EXPECT_THAT(render_summary(model, at(23)), HasSubstr("goes on without this terminal"));
  model.cancel_taken = true;
  EXPECT_THAT(render_summary(model, at(23)), HasSubstr("is being cancelled without this terminal"));
}

// ---- JSON ----

TEST(RenderJson, OneObjectALine) {
  EXPECT_EQ(render_json(PhaseChanged{phase(Phase::clean_up, PhaseState::done, 0, 2)}, at(9)),
            R"({"type":"phase","phase":"clean-up","state":"done",)"
            R"("began_at":"2026-01-31T08:00:00.000Z","took_ms":2000})"
            "\n");
  EXPECT_EQ(render_json(OutputArrived{OutputStream::out, "a\n\xff"}, at(0)),
            "{\"type\":\"output\",\"stream\":\"stdout\",\"text\":\"a\\n\xEF\xBF\xBD\"}\n");
  EXPECT_EQ(render_json(NodeChanged{{"master", "ready", true, false}}, at(0)),
            R"({"type":"node","node":"master","state":"ready","ready":true})"
            "\n");
  EXPECT_THAT(render_json(StageChanged{{2, "count", "ACTIVE", 9, 3, 0}}, at(0)),
              HasSubstr(R"("done":3)"));
  EXPECT_THAT(render_json(Noted{"x"}, at(0)), HasSubstr(R"("type":"note")"));
}

TEST(RenderJson, TheEnd) {
  const auto line = render_json_end(ended_model(), ExitCode::ok, at(23));
  const auto value = parse_json(line);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->at("type"), "result");
  EXPECT_EQ(value->at("state"), "Succeeded");
  EXPECT_EQ(value->at("archive"), "wordcount-j-1.tar.gz");
  EXPECT_EQ(value->at("exit_code"), 0);
  EXPECT_EQ(value->at("took_ms").at("cluster"), 11000);
  const auto error =
      parse_json(render_json_error({ErrorKind::not_found, "no"}, ExitCode::not_found));
  EXPECT_EQ(error->at("kind"), "not_found");
  EXPECT_EQ(error->at("exit_code"), 4);
}

// ---- drawing in place ----

TEST(LiveArea, DrawsOverWhatItDrew) {
  LiveArea area;
  EXPECT_EQ(area.draw({"a", "b"}, 80), "a\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(area.draw({"c"}, 80), "\r\x1b[2Ac\x1b[K\n\x1b[J");
  EXPECT_EQ(area.erase(80), "\r\x1b[1A\x1b[J");
  EXPECT_EQ(area.erase(80), "");
}

TEST(LiveArea, KnowsThatANarrowerTerminalHasWrappedItsLines) {
  LiveArea area;
  area.draw({std::string(50, 'x'), "\x1b[32m" + std::string(20, 'y') + "\x1b[0m", ""}, 80);
  EXPECT_EQ(area.erase(20), "\r\x1b[5A\x1b[J");  // 3 + 1 + 1
}

}  // namespace
}  // namespace bdaas::cli
