#include "stream/uploads.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "base/tar_fixture.h"
#include "base/temp_dir.h"
#include "stream/jar_fixture.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const UserId kAda{"u-ada"};
const UserId kBob{"u-bob"};

Checksum sum_of(std::string_view bytes, DigestKind kind = DigestKind::sha256) {
  Digest digest(kind);
  digest.update(bytes);
  return {.kind = kind, .hex = digest.hex()};
}

class UploadsTest : public testing::Test {
 protected:
  UploadsTest() { reopen(); }

  void reopen() {
    uploads_.reset();
    auto opened = Uploads::open(dir_, limits_, clock_, entropy_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    uploads_ = std::move(opened).value();
  }
  static UploadSpec data_spec(std::string_view content) {
    return {.kind = UploadKind::data,
            .name = "iliad.txt",
            .bytes = static_cast<std::int64_t>(content.size())};
  }
  Upload create(const UploadSpec& spec) {
    auto upload = uploads_->create(kAda, spec);
    EXPECT_TRUE(upload.ok()) << upload.error().message;
    return upload.value_or({});
  }
  Result<std::int64_t> append(const UploadId& id, std::int64_t offset, std::string_view bytes,
                              std::optional<Checksum> checksum = {}) {
    BDAAS_ASSIGN(const auto writer, uploads_->append(kAda, id, offset, std::move(checksum)));
    BDAAS_TRY(writer->write(bytes));
    return writer->commit();
  }
  // All at once.
  Result<FinishedUpload> send(const UploadSpec& spec, std::string_view content) {
    BDAAS_ASSIGN(const auto upload, uploads_->create(kAda, spec));
    BDAAS_ASSIGN(const auto end, append(upload.id, 0, content));
    EXPECT_EQ(end, spec.bytes);
    return uploads_->finish(kAda, upload.id);
  }
  std::vector<std::string> files_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(directory))
      names.push_back(file.path().filename());
    return names;
  }

  const TempDir directory_ = TempDir::make().value();
  const StateDir dir_{directory_.path(), {}};
  UploadLimits limits_{.keep_free_bytes = 0};
  FakeClock clock_{SystemClock().now()};
  SystemEntropy entropy_;
  std::unique_ptr<Uploads> uploads_;
};

// ---- the way that goes well ----

TEST_F(UploadsTest, AFileBecomesADataSet) {
  const std::string content = "Sing, O goddess";
  const auto finished = send(data_spec(content), content);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  const auto& data = std::get<DataSet>(*finished);
  EXPECT_EQ(data.owner, kAda);
  EXPECT_EQ(data.name, "iliad.txt");
  EXPECT_EQ(data.shape, DataShape::file);
  EXPECT_EQ(data.bytes, 15);
  EXPECT_EQ(data.files, 1);
  EXPECT_EQ(data.sha256, sha256_hex(content));
  const auto path = dir_.data() / data.id.text;
  EXPECT_EQ(read_file(path).value(), content);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(UploadsTest, ATreeIsCounted) {
  const auto tar = tar_of(TarFixtureEntry{"a", "12345"}, TarFixtureEntry{"d/b", "678"});
  auto spec = data_spec(tar);
  spec.shape = DataShape::tree;
  const auto finished = send(spec, tar);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  EXPECT_EQ(std::get<DataSet>(*finished).bytes, 8);
  EXPECT_EQ(std::get<DataSet>(*finished).files, 2);
}

TEST_F(UploadsTest, EqualProgramsShareTheirContent) {
  const std::string content = "print(1)\n";
  const UploadSpec spec{.name = "wordcount.py", .bytes = 9};
  const auto first = send(spec, content);
  const auto second = send(spec, content);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto& program = std::get<Program>(*second);
  EXPECT_EQ(program.kind, ProgramKind::python);
  EXPECT_EQ(program.bytes, 9);
  EXPECT_EQ(program.sha256, sha256_hex(content));
  EXPECT_TRUE(program.id.empty());
  EXPECT_THAT(files_in(dir_.programs()), ElementsAre(program.sha256));
}

TEST_F(UploadsTest, AJarBringsItsMainClasses) {
  const auto path = directory_.path() / "made.jar";
  ASSERT_TRUE(write_zip(path, {{"x/A.class", ClassFileBuilder("x/A").main_method().bytes()}}));
  const auto content = read_file(path).value();
  const auto finished =
      send({.name = "a.jar", .bytes = static_cast<std::int64_t>(content.size())}, content);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  EXPECT_THAT(std::get<Program>(*finished).main_classes, ElementsAre("x.A"));
}

// ---- resuming ----

TEST_F(UploadsTest, GoesOnWhereItStoodAlsoAfterARestart) {
  const std::string content = "0123456789";
  auto spec = data_spec(content);
  spec.sha256 = sha256_hex(content);
  const auto upload = create(spec);
  EXPECT_EQ(append(upload.id, 0, "012").value(), 3);
  {
    const auto broken_off = uploads_->append(kAda, upload.id, 3).value();
    ASSERT_TRUE(broken_off->write("34").ok());
  }
  EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 5);
  reopen();
  EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 5);
  EXPECT_EQ(uploads_->get(kAda, upload.id)->spec.name, "iliad.txt");
  EXPECT_EQ(uploads_->finish(kAda, upload.id).error().kind, ErrorKind::failed_precondition);
  EXPECT_EQ(append(upload.id, 5, "56789").value(), 10);
  reopen();
  EXPECT_TRUE(uploads_->finish(kAda, upload.id).ok());
}

TEST_F(UploadsTest, AWrongOffsetIsAConflict) {
  const auto upload = create(data_spec("0123456789"));
  ASSERT_TRUE(append(upload.id, 0, "012").ok());
  for (const std::int64_t offset : {0, 2, 4, 10, -1}) {
    EXPECT_EQ(append(upload.id, offset, "x").error().kind, ErrorKind::conflict) << offset;
  }
}

TEST_F(UploadsTest, ASecondWriterIsRefused) {
  const auto upload = create(data_spec("0123456789"));
  auto writer = uploads_->append(kAda, upload.id, 0).value();
  EXPECT_EQ(uploads_->append(kAda, upload.id, 0).error().kind, ErrorKind::conflict);
  EXPECT_EQ(uploads_->finish(kAda, upload.id).error().kind, ErrorKind::conflict);
  writer.reset();
  EXPECT_TRUE(uploads_->append(kAda, upload.id, 0).ok());
}

TEST_F(UploadsTest, MoreThanAnnouncedIsRefused) {
  const auto upload = create(data_spec("0123"));
  EXPECT_EQ(append(upload.id, 0, "01234").error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 0);
}

TEST_F(UploadsTest, FinishAnswersTheSameAgain) {
  const std::string content = "0123456789";
  const auto upload = create(data_spec(content));
  ASSERT_TRUE(append(upload.id, 0, content).ok());
  const auto first = uploads_->finish(kAda, upload.id).value();
  reopen();
  const auto second = uploads_->finish(kAda, upload.id);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(std::get<DataSet>(first).id, std::get<DataSet>(*second).id);
  EXPECT_EQ(append(upload.id, 10, "").value(), 10);
  ASSERT_TRUE(uploads_->set_object(kAda, upload.id, "d-1").ok());
  reopen();
  EXPECT_EQ(uploads_->get(kAda, upload.id)->object, "d-1");
}

// A manager that was killed behind the decision, before the content was moved.
TEST_F(UploadsTest, AMoveThatDidNotHappenIsMadeUpFor) {
  const std::string content = "0123456789";
  const auto upload = create(data_spec(content));
  ASSERT_TRUE(append(upload.id, 0, content).ok());
  const auto data = std::get<DataSet>(uploads_->finish(kAda, upload.id).value());
  const auto target = dir_.data() / data.id.text;
  fs::rename(target, dir_.uploads() / upload.id.text);
  reopen();
  ASSERT_TRUE(uploads_->finish(kAda, upload.id).ok());
  EXPECT_EQ(read_file(target).value(), content);
}

// ---- checksums ----

TEST_F(UploadsTest, APieceThatDoesNotFitItsChecksumIsDropped) {
  const std::string content = "0123456789";
  auto spec = data_spec(content);
  spec.sha256 = sha256_hex(content);
  const auto upload = create(spec);
  ASSERT_TRUE(append(upload.id, 0, "01234", sum_of("01234")).ok());
  EXPECT_EQ(append(upload.id, 5, "5678x", sum_of("56789")).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 5);
  const auto sha1 = sum_of("56789", DigestKind::sha1);
  EXPECT_EQ(append(upload.id, 5, "5678x", sha1).error().kind, ErrorKind::corrupted);
  ASSERT_TRUE(append(upload.id, 5, "56789", sha1).ok());
  EXPECT_TRUE(uploads_->finish(kAda, upload.id).ok());
  EXPECT_EQ(append(upload.id, 10, "", sum_of("x")).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(append(upload.id, 10, "", sum_of("")).value(), 10);
}

TEST_F(UploadsTest, AnUncheckedPieceDoesNotCount) {
  const auto upload = create(data_spec("0123456789"));
  ASSERT_TRUE(append(upload.id, 0, "01").ok());
  {
    const auto writer = uploads_->append(kAda, upload.id, 2, sum_of("23")).value();
    ASSERT_TRUE(writer->write("2").ok());
    EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 2);
  }
  EXPECT_EQ(uploads_->get(kAda, upload.id)->offset, 2);
  const auto killed = uploads_->append(kAda, upload.id, 2, sum_of("23")).value();
  ASSERT_TRUE(killed->write("2").ok());
  // What a manager finds that was killed in the middle of the piece.
  const auto later = Uploads::open(dir_, limits_, clock_, entropy_).value();
  EXPECT_EQ(later->get(kAda, upload.id)->offset, 2);
}

TEST_F(UploadsTest, AWrongSumOfAllThrowsTheUploadAway) {
  auto spec = data_spec("0123456789");
  spec.sha256 = sha256_hex("something else");
  const auto refused = send(spec, "0123456789");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupted);
  EXPECT_THAT(files_in(dir_.uploads()), IsEmpty());
  EXPECT_THAT(files_in(dir_.data()), IsEmpty());
}

// ---- refusals ----

TEST_F(UploadsTest, RefusesBadSpecs) {
  const auto refused = [&](UploadSpec spec) { return uploads_->create(kAda, spec).error(); };
  for (const auto* name : {"", "..", "a/b", "/etc/passwd", "a\nb/../c"}) {
    EXPECT_EQ(refused({.kind = UploadKind::data, .name = name, .bytes = 1}).kind,
              ErrorKind::invalid_argument)
        << name;
  }
  EXPECT_EQ(refused({.kind = UploadKind::data, .name = std::string(300, 'a'), .bytes = 1}).kind,
            ErrorKind::invalid_argument);
  EXPECT_EQ(refused({.kind = UploadKind::data, .name = std::string("a\0b", 3), .bytes = 1}).kind,
            ErrorKind::invalid_argument);
  EXPECT_THAT(refused({.name = "a.sh", .bytes = 1}).message, HasSubstr("no program"));
  EXPECT_THAT(refused({.name = "a.py", .bytes = 0}).message, HasSubstr("is empty"));
  EXPECT_EQ(refused({.name = "a.py", .sha256 = "xyz", .bytes = 1}).kind,
            ErrorKind::invalid_argument);
  EXPECT_THAT(files_in(dir_.uploads()), IsEmpty());
}

TEST_F(UploadsTest, RefusesContentsThatAreNotWhatTheySay) {
  EXPECT_EQ(send({.name = "a.jar", .bytes = 5}, "hello").error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(send({.name = "a.py", .bytes = 1}, "\xff").error().kind, ErrorKind::invalid_argument);
  const auto tar = tar_of(TarFixtureEntry{.name = "a", .type = '2', .link = "/etc/passwd"});
  auto spec = data_spec(tar);
  spec.shape = DataShape::tree;
  EXPECT_EQ(send(spec, tar).error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(files_in(dir_.uploads()), IsEmpty());
  EXPECT_THAT(files_in(dir_.programs()), IsEmpty());
  EXPECT_THAT(files_in(dir_.data()), IsEmpty());
}

TEST_F(UploadsTest, RefusesWhatDoesNotFit) {
  limits_ = {.bytes_max = 1000, .keep_free_bytes = 0, .uploads_max = 2};
  reopen();
  const auto large = uploads_->create(kAda, {.name = "a.py", .bytes = 1001});
  EXPECT_EQ(large.error().kind, ErrorKind::resource_exhausted);
  create({.name = "a.py", .bytes = 1000});
  create({.name = "a.py", .bytes = 1000});
  EXPECT_EQ(uploads_->create(kAda, {.name = "a.py", .bytes = 1}).error().kind,
            ErrorKind::resource_exhausted);
}

TEST_F(UploadsTest, WhatIsDoneIsNotInTheWay) {
  limits_.uploads_max = 1;
  reopen();
  const auto add = [&] {
    const auto upload = create({.name = "a.py", .bytes = 9});
    EXPECT_TRUE(append(upload.id, 0, "print(1)\n").ok());
    EXPECT_TRUE(uploads_->finish(kAda, upload.id).ok());
    clock_.advance(Millis{1});
    EXPECT_TRUE(uploads_->set_object(kAda, upload.id, "p-1").ok());
    return upload.id;
  };
  const auto first = add();
  const auto second = add();
  EXPECT_TRUE(uploads_->get(kAda, first).ok());
  create({.name = "a.py", .bytes = 9});
  EXPECT_EQ(uploads_->get(kAda, first).error().kind, ErrorKind::not_found) << "the oldest";
  EXPECT_EQ(uploads_->get(kAda, second)->object, "p-1");
  EXPECT_EQ(uploads_->create(kAda, {.name = "a.py", .bytes = 9}).error().kind,
            ErrorKind::resource_exhausted);
}

TEST_F(UploadsTest, RefusesWhatTheDiskCannotHold) {
  const auto free = static_cast<std::int64_t>(free_bytes(directory_.path()).value());
  const auto too_much = uploads_->create(kAda, {.name = "a.py", .bytes = 2 * free});
  EXPECT_EQ(too_much.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(too_much.error().message, HasSubstr("free some space"));
  create({.name = "a.py", .bytes = free / 3 * 2});  // what it still needs counts
  EXPECT_EQ(uploads_->create(kAda, {.name = "a.py", .bytes = free / 3 * 2}).error().kind,
            ErrorKind::resource_exhausted);
}

// ---- owners, removal, expiry ----

TEST_F(UploadsTest, OthersDoNotSeeIt) {
  const auto upload = create(data_spec("01"));
  EXPECT_EQ(uploads_->get(kBob, upload.id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(uploads_->append(kBob, upload.id, 0).error().kind, ErrorKind::not_found);
  EXPECT_EQ(uploads_->finish(kBob, upload.id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(uploads_->remove(kBob, upload.id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(uploads_->get(kAda, {"up-none"}).error().kind, ErrorKind::not_found);
}

TEST_F(UploadsTest, RemovalStopsTheWriter) {
  const auto upload = create(data_spec("0123456789"));
  const auto writer = uploads_->append(kAda, upload.id, 0).value();
  ASSERT_TRUE(writer->write("01").ok());
  ASSERT_TRUE(uploads_->remove(kAda, upload.id).ok());
  EXPECT_EQ(writer->write("23").error().kind, ErrorKind::not_found);
  EXPECT_EQ(uploads_->get(kAda, upload.id).error().kind, ErrorKind::not_found);
  EXPECT_THAT(files_in(dir_.uploads()), IsEmpty());
}

TEST_F(UploadsTest, WhatNobodyTouchesExpires) {
  const auto old = create(data_spec("0123456789"));
  const auto written = create(data_spec("0123456789"));
  clock_.advance(limits_.expiry / 2);
  ASSERT_TRUE(append(written.id, 0, "0").ok());
  clock_.advance(limits_.expiry / 2);
  create(data_spec("0123456789"));
  EXPECT_EQ(uploads_->get(kAda, old.id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(uploads_->get(kAda, written.id).ok());
  clock_.advance(limits_.expiry);
  reopen();
  EXPECT_THAT(files_in(dir_.uploads()), IsEmpty());
}

TEST_F(UploadsTest, LeftOversOfAKillAreRemoved) {
  const auto upload = create(data_spec("0123456789"));
  ASSERT_TRUE(write_file(dir_.uploads() / "up-orphan", "x").ok());
  ASSERT_TRUE(write_file(dir_.uploads() / "up-broken.json", "{").ok());
  reopen();
  EXPECT_THAT(files_in(dir_.uploads()), ElementsAre(upload.id.text + ".json"));
}

TEST_F(UploadsTest, ManyAtOnce) {
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      const std::string content(10'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
      const auto finished = send(data_spec(content), content);
      ASSERT_TRUE(finished.ok()) << finished.error().message;
      EXPECT_EQ(std::get<DataSet>(*finished).sha256, sha256_hex(content));
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(files_in(dir_.data()).size(), 8u);
}

}  // namespace
}  // namespace bdaas
