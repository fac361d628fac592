#include "stream/result_archive.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/subprocess.h"
#include "base/tar_fixture.h"
#include "base/tar_reader.h"
#include "base/temp_dir.h"
#include "stream/manifest.h"
#include "stream/tar_gz_writer.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Time kNow{Millis{1'700'000'000'000}};
constexpr std::string_view kOutput = "/bdaas/j-1/output";

// An output directory that is only said to be in HDFS.
class ScriptedService final : public EngineService {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::int64_t> listed_bytes;  // instead of the true size
  bool absent = false;
  std::function<void()> on_read = [] {};

  Result<std::vector<RemoteFile>> list_files(const ClusterFacts&, const std::string& dir) override {
    EXPECT_EQ(dir, kOutput);
    if (absent) return fail(ErrorKind::not_found, "no such directory");
    std::vector<RemoteFile> listed;
    for (const auto& [name, content] : files) {
      const auto said = listed_bytes.find(name);
      listed.push_back({name, said != listed_bytes.end()
                                  ? said->second
                                  : static_cast<std::int64_t>(content.size())});
    }
    return listed;
  }
  Result<> read_file(const ClusterFacts&, const std::string& path, const Sink& sink,
                     const std::atomic<bool>&) override {
    const auto& content = files.at(path.substr(kOutput.size() + 1));
    for (std::size_t at = 0; at < content.size(); at += 1000) {
      on_read();
      BDAAS_TRY(sink(std::string_view(content).substr(at, 1000)));
    }
    return {};
  }

  Result<> load(const ClusterFacts&, const DataSource&, const std::string&,
                LoadProgress&) override {
    return unused();
  }
  Result<> stage(const ClusterFacts&, const ProgramFacts&) override { return unused(); }
  Result<RunObservation> submit(const ClusterFacts&, const MemoryPlan&,
                                const ProgramFacts&) override {
    return unused();
  }
  Result<RunObservation> find(const ClusterFacts&, const StepId&) override { return unused(); }
  Result<> cancel(const ClusterFacts&, const StepId&, const std::string&) override {
    return unused();
  }
  Result<> remove(const ClusterFacts&, const std::string&) override { return unused(); }
  Result<Drains> decommission(const ClusterFacts&) override { return unused(); }

 private:
  static Error unused() { return fail(ErrorKind::internal, "not part of collecting"); }
};

class ResultArchiveTest : public testing::Test {
 protected:
  ResultArchiveTest() {
    service_.files = {{"_SUCCESS", ""}, {"part-00000", std::string(2500, 'w')}};
    request_.result = {"r-1"};
    request_.job.id = {"j-1"};
    request_.job.owner = {"u-1"};
    request_.job.spec.name = "words";
    request_.job.created_at = kNow;
    request_.step.id = {"s-1"};
    request_.step.output = kOutput;
    request_.step.status.state = StepState::succeeded;
    request_.step.exit_code = 0;
    request_.program.name = "wordcount.py";
    request_.program.sha256 = std::string(64, 'a');
    request_.data = {{.name = "iliad.txt", .sha256 = std::string(64, 'b'), .bytes = 7}};
    request_.cluster.spec.engine = "fake";
    request_.cluster.spec.workers = 3;
    request_.cluster.release.versions = {{"spark", "3.5.7"}};
    request_.command = "bdaas run wordcount.py --data iliad.txt --workers 3";
    request_.now = kNow + Millis{5};
    append(OutputStream::out, "hello\n");
    append(OutputStream::err, "");
  }

  void append(OutputStream stream, std::string_view bytes) {
    ASSERT_TRUE(spool_.append({"s-1"}, stream, 0, bytes, true).ok());
  }
  Result<JobResult> collect() { return archive_.collect(request_, cancel_); }
  fs::path path() const { return dir_.results() / "r-1.tar.gz"; }

  // Name → content, as gzip and our reader see it.
  std::map<std::string, std::string> contents() {
    const auto tar = directory_.path() / "unpacked.tar";
    Command gunzip;
    gunzip.argv = {"cp", path(), tar.native() + ".gz"};
    EXPECT_TRUE(run_checked(gunzip).ok());
    gunzip.argv = {"gzip", "-df", tar.native() + ".gz"};
    EXPECT_TRUE(run_checked(gunzip).ok());
    auto reader = TarReader::open(tar).value();
    std::map<std::string, std::string> files;
    for (;;) {
      const auto entry = reader.next().value();
      if (!entry) return files;
      std::string content(static_cast<std::size_t>(entry->bytes), '\0');
      for (std::size_t at = 0; at < content.size();) {
        at += reader.read(std::span(content).subspan(at)).value();
      }
      names_.push_back(entry->name);
      files[entry->name] = content;
    }
  }
  Manifest manifest(const std::map<std::string, std::string>& files,
                    const std::string& top = "words") {
    const auto parsed = from_json<Manifest>(parse_json(files.at(top + "/manifest.json")).value());
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    return parsed.value_or({});
  }

  const TempDir directory_ = TempDir::make().value();
  const StateDir dir_{directory_.path(), {}};
  FileSpool spool_{dir_, SpoolLimits{.head_bytes_max = 100'000, .work_bytes_max = 100'000}};
  ScriptedService service_;
  ResultArchive archive_{dir_, spool_, {{"fake", &service_}}};
  CollectRequest request_;
  std::atomic<bool> cancel_{false};
  std::vector<std::string> names_;  // in the archive's order
};

TEST_F(ResultArchiveTest, HoldsOutputLogsWorkAndManifest) {
  append(OutputStream::work,
         tar_of(TarFixtureEntry{"plots", "", '5'}, TarFixtureEntry{"plots/a.svg", "<svg/>"}));
  const auto result = collect();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->id, request_.result);
  EXPECT_EQ(result->owner.text, "u-1");
  EXPECT_EQ(result->files, 2);
  EXPECT_TRUE(result->has_output);
  EXPECT_EQ(result->created_at, request_.now);
  EXPECT_EQ(result->sha256, sha256_of_file(path()).value());
  EXPECT_EQ(result->bytes, static_cast<std::int64_t>(fs::file_size(path())));
  EXPECT_FALSE(fs::exists(path().native() + ".part"));

  const auto files = contents();
  EXPECT_THAT(names_,
              ElementsAre("words/output/_SUCCESS", "words/output/part-00000", "words/logs/stdout",
                          "words/logs/stderr", "words/work/plots/a.svg", "words/manifest.json"));
  EXPECT_EQ(files.at("words/output/part-00000"), std::string(2500, 'w'));
  EXPECT_EQ(files.at("words/logs/stdout"), "hello\n");
  EXPECT_EQ(files.at("words/work/plots/a.svg"), "<svg/>");
}

TEST_F(ResultArchiveTest, TheManifestSaysWhatRanAndSumsUp) {
  ASSERT_TRUE(collect().ok());
  const auto files = contents();
  const auto said = manifest(files);
  EXPECT_EQ(said.job.text, "j-1");
  EXPECT_EQ(said.command, request_.command);
  EXPECT_EQ(said.program, "wordcount.py");
  EXPECT_EQ(said.versions.at("spark"), "3.5.7");
  EXPECT_EQ(said.data.at(0).name, "iliad.txt");
  EXPECT_EQ(said.workers, 3);
  EXPECT_EQ(said.exit_code, 0);
  ASSERT_EQ(said.files.size(), files.size() - 1);
  for (const auto& file : said.files) {
    const auto& content = files.at("words/" + file.path);
    EXPECT_EQ(file.bytes, static_cast<std::int64_t>(content.size())) << file.path;
    EXPECT_EQ(file.sha256, sha256_hex(content)) << file.path;
  }
  EXPECT_THAT(said.notes, IsEmpty());
}

TEST_F(ResultArchiveTest, EqualContentsGiveEqualBytes) {
  const auto first = collect().value();
  request_.now += Millis{60'000};
  EXPECT_EQ(collect()->sha256, first.sha256);
}

TEST_F(ResultArchiveTest, AProgramThatWroteNothingIsToldSo) {
  service_.absent = true;
  const auto result = collect();
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->has_output);
  EXPECT_EQ(result->files, 0);
  EXPECT_THAT(manifest(contents()).notes, ElementsAre(HasSubstr("wrote no file")));
}

TEST_F(ResultArchiveTest, NamesAreKeptWhateverTheirLetters) {
  const std::string long_part(200, 'x');
  service_.files = {
      {"year=2024/Ἰλιάς.csv", "1"}, {long_part + "/" + long_part, "2"}, {"_temporary/0/part", "3"}};
  EXPECT_EQ(collect()->files, 2);
  const auto files = contents();
  EXPECT_EQ(files.at("words/output/year=2024/Ἰλιάς.csv"), "1");
  EXPECT_EQ(files.at("words/output/" + long_part + "/" + long_part), "2");
}

TEST_F(ResultArchiveTest, AnyTarProgramCanReadIt) {
  service_.files["Ἰλιάς"] = "x";
  ASSERT_TRUE(collect().ok());
  Command tar;
  tar.argv = {"tar", "-tzf", path()};
  tar.env = {{"LC_ALL", "C.UTF-8"}};
  const auto listed = run_checked(tar);
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_THAT(listed->out, HasSubstr("words/output/part-00000\n"));
  EXPECT_EQ(listed->err, "");
}

TEST_F(ResultArchiveTest, AJobsNameThatIsNoDirectorysIsReplaced) {
  for (const auto* name : {"", "..", "a/b", "/etc"}) {
    request_.job.spec.name = name;
    ASSERT_TRUE(collect().ok());
    EXPECT_TRUE(contents().contains("j-1/manifest.json")) << name;
  }
}

TEST_F(ResultArchiveTest, RefusesNamesThatLeaveTheDirectory) {
  service_.files = {{"../../evil", "x"}};
  EXPECT_EQ(collect().error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(fs::is_empty(dir_.results()), true);
}

TEST_F(ResultArchiveTest, OtherSizesThanListedAreAnError) {
  for (const std::int64_t said : {2499, 2501, 0, 1'000'000}) {
    service_.listed_bytes["part-00000"] = said;
    const auto result = collect();
    ASSERT_FALSE(result.ok()) << said;
    EXPECT_EQ(result.error().kind, ErrorKind::corrupted);
    EXPECT_THAT(result.error().message, HasSubstr("words/output/part-00000"));
    EXPECT_TRUE(fs::is_empty(dir_.results()));
  }
}

TEST_F(ResultArchiveTest, LeavesSoonWhenCancelled) {
  service_.files["part-00000"] = std::string(1 << 20, 'w');
  int reads = 0;
  service_.on_read = [&] { cancel_ = ++reads == 3; };
  EXPECT_EQ(collect().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(reads, 3);
  EXPECT_TRUE(fs::is_empty(dir_.results()));
}

TEST_F(ResultArchiveTest, WorkThatWasCutOffGivesWhatIsWhole) {
  const auto tar =
      tar_of(TarFixtureEntry{"one", "1"}, TarFixtureEntry{"two", std::string(900, '2')});
  append(OutputStream::work, std::string_view(tar).substr(0, 1600));
  ASSERT_TRUE(collect().ok());
  const auto files = contents();
  EXPECT_EQ(files.at("words/work/one"), "1");
  EXPECT_FALSE(files.contains("words/work/two"));
  EXPECT_THAT(manifest(files).notes, ElementsAre(HasSubstr("some are missing")));
}

TEST_F(ResultArchiveTest, WorkWithALinkIsNotFollowed) {
  append(OutputStream::work,
         tar_of(TarFixtureEntry{.name = "evil", .type = '2', .link = "/etc/passwd"}));
  ASSERT_TRUE(collect().ok());
  EXPECT_THAT(manifest(contents()).notes, ElementsAre(HasSubstr("symbolic link")));
}

TEST_F(ResultArchiveTest, NotesWhatWasLeftOutOfTheOutput) {
  ASSERT_TRUE(spool_.append({"s-2"}, OutputStream::out, 0, std::string(300'000, 'x'), true).ok());
  request_.step.id = {"s-2"};
  ASSERT_TRUE(collect().ok());
  EXPECT_THAT(manifest(contents()).notes,
              ElementsAre(HasSubstr("logs/stdout: 134464 bytes were left out")));
}

// ---- the writer ----

TEST(TarGzWriter, SaysThatTheDiskIsFull) {
  UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  const auto writer = TarGzWriter::open(std::move(full), "results/r-1.tar.gz", kNow).value();
  Result<> written;
  // gzip and libarchive keep some of it back, so it must be more than their buffers.
  std::string noise(1 << 20, '\0');
  unsigned state = 1;
  for (auto& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  written = writer->begin_file("a", static_cast<std::int64_t>(noise.size()));
  if (written) written = writer->write(noise);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(written.error().message, HasSubstr("the disk is full"));
  EXPECT_THAT(written.error().message, HasSubstr("results/r-1.tar.gz"));
}

}  // namespace
}  // namespace bdaas
