// Uploads and downloads against a server that misbehaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/digest.h"
#include "base/temp_dir.h"
#include "cli/archive.h"
#include "cli/fake_server.h"
#include "cli/send_input.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;

constexpr RetryPolicy kQuick{4, Millis{1}, Millis{5}};

std::string some_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

// A tus server of one upload. It takes at most `take` bytes of a PATCH, then breaks the connection.
class TusServer {
 public:
  std::string taken;
  std::string metadata;
  std::size_t length = 0;
  std::size_t take = std::string::npos;
  int rude_patches = 1000;  // so many break off
  bool swallow_last_answer = false;
  bool deleted = false;
  std::mutex mutex;

  void operator()(Exchange& exchange) {
    const std::lock_guard lock(mutex);
    if (exchange.method == "POST") return create(exchange);
    if (exchange.method == "PATCH") return patch(exchange);
    if (exchange.method == "HEAD") {
      return exchange.answer(200, "", "Upload-Offset: " + std::to_string(taken.size()) + "\r\n");
    }
    if (exchange.method == "DELETE") {
      deleted = true;
      return exchange.answer(204);
    }
    const auto object = taken.size() == length ? R"("object":"d-1")" : R"("object":null)";
    exchange.answer(200, fmt::format(R"({{"id":"up-1","offset":{},{}}})", taken.size(), object));
  }

 private:
  void create(Exchange& exchange) {
    length = std::stoul(exchange.headers["upload-length"]);
    metadata = exchange.headers["upload-metadata"];
    EXPECT_EQ(exchange.headers["tus-resumable"], "1.0.0");
    exchange.answer(201, "", "Location: http://127.0.0.1:1/v1/uploads/up-1\r\n");
  }
  void patch(Exchange& exchange) {
    if (std::stoul(exchange.headers["upload-offset"]) != taken.size()) {
      return exchange.answer(409, R"({"error":{"kind":"conflict","message":"another offset"}})");
    }
    EXPECT_EQ(exchange.headers["content-type"], "application/offset+octet-stream");
    const bool rude = rude_patches-- > 0;
    taken += exchange.read_body(rude ? take : std::string::npos);
    if (taken.size() == length && !swallow_last_answer) {
      exchange.answer(204, "", "Bdaas-Object: d-1\r\n");
    }
  }
};

class UploadTest : public testing::Test {
 protected:
  Result<Uploaded> send(const std::string& bytes, std::string name = "x.txt") {
    const auto path = dir_.path() / "x.txt";
    std::ofstream(path, std::ios::binary) << bytes;
    auto source = open_file_source(path).value();
    const Api api(Endpoint{server_.url(), Secret<std::string>("t")});
    return upload(
        api, {"data", std::move(name), "file", ""}, *source,
        [this](std::uint64_t done, std::uint64_t) { progress_ = done; }, control_, kQuick);
  }

  TempDir dir_ = TempDir::make().value();
  TusServer tus_;
  FakeServer server_{[this](Exchange& exchange) { tus_(exchange); }};
  TaskControl control_;
  std::uint64_t progress_ = 0;
};

TEST_F(UploadTest, InOneGo) {
  const auto bytes = some_bytes(300'000);
  const auto sent = send(bytes, "ü b.txt");
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(sent->object, "d-1");
  EXPECT_EQ(sent->sha256, sha256_hex(bytes));
  EXPECT_EQ(tus_.taken, bytes);
  EXPECT_EQ(progress_, bytes.size());
  EXPECT_EQ(tus_.metadata, "kind " + to_base64("data") + ",name " + to_base64("ü b.txt") +
                               ",shape " + to_base64("file"));
}

TEST_F(UploadTest, GoesOnWhereTheConnectionBroke) {
  const auto bytes = some_bytes(300'000);
  tus_.take = 70'001;
  const auto sent = send(bytes);
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(tus_.taken, bytes);
  EXPECT_EQ(sent->sha256, sha256_hex(bytes));
}

TEST_F(UploadTest, TheLastAnswerMayBeLost) {
  tus_.swallow_last_answer = true;
  const auto sent = send(some_bytes(1000));
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(sent->object, "d-1");
}

TEST_F(UploadTest, GivesUpWhenNotOneByteMovesAndTidiesUp) {
  tus_.take = 0;
  const auto sent = send(some_bytes(1000));
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message, HasSubstr("cannot upload 'x.txt': given up after 4 tries"));
  EXPECT_TRUE(tus_.deleted);
}

TEST_F(UploadTest, StopsWhenCancelled) {
  control_.stop = true;
  tus_.take = 0;
  const auto sent = send(some_bytes(1000));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::cancelled);
}

// ---- what is there is not sent again ----

class SendTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(dir_.path() / "a.txt") << "hello";
    std::ofstream(dir_.path() / "a.py") << "print(1)";
  }
  void handle(Exchange& exchange) {
    if (exchange.target == "/v1/data") return exchange.answer(200, data_list_);
    if (exchange.target == "/v1/programs") return exchange.answer(200, program_list_);
    if (exchange.target.starts_with("/v1/data/")) return exchange.answer(200, stored_);
    tus_(exchange);
  }
  static std::string row(const std::string& sha256, const std::string& more) {
    return R"({"id":"x-1","owner":"u-1","name":"a.txt","bytes":5,"sha256":")" + sha256 + "\"," +
           more + "}";
  }
  Result<DataSetId> send_a() {
    auto data = check_data(dir_.path() / "a.txt").value();
    return send_data(
        api_, data, [](auto, auto) {}, control_);
  }

  TempDir dir_ = TempDir::make().value();
  std::string data_list_ = R"({"items":[]})";
  std::string program_list_ = R"({"items":[]})";
  std::string stored_ =
      R"({"id":"d-1","owner":"u-1","name":"a.txt","shape":"file","bytes":5,"sha256":")" +
      sha256_hex("hello") + "\"}";
  TusServer tus_;
  FakeServer server_{[this](Exchange& exchange) { handle(exchange); }};
  Api api_{Endpoint{server_.url(), Secret<std::string>("t")}};
  TaskControl control_;
};

TEST_F(SendTest, NewDataIsSentAndCompared) {
  const auto id = send_a();
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(id->text, "d-1");
  EXPECT_EQ(tus_.taken, "hello");
}

TEST_F(SendTest, DataThatArrivesChangedIsNoticed) {
  stored_.replace(stored_.find(sha256_hex("hello")), 4, "0000");
  const auto id = send_a();
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().kind, ErrorKind::corrupted);
}

TEST_F(SendTest, KnownDataIsNotSentAgain) {
  data_list_ = R"({"items":[)" + row(sha256_hex("hello"), R"("shape":"file")") + "]}";
  EXPECT_EQ(send_a().value().text, "x-1");
  EXPECT_EQ(tus_.length, 0u);
}

TEST_F(SendTest, DataOfTheSameSizeOnlyIsSent) {
  data_list_ = R"({"items":[)" + row(sha256_hex("hellO"), R"("shape":"file")") + "]}";
  EXPECT_EQ(send_a().value().text, "d-1");
  EXPECT_THAT(tus_.metadata, HasSubstr(",sha256 " + to_base64(sha256_hex("hello"))));
}

TEST_F(SendTest, AKnownProgramIsNotSentAgain) {
  const auto program = check_program(dir_.path() / "a.py").value();
  const auto as_program = [&](const std::string& name) {
    return R"({"items":[{"id":"p-9","owner":"u-1","kind":"python","bytes":8,"name":")" + name +
           R"(","sha256":")" + program.sha256 + "\"}]}";
  };
  program_list_ = as_program("a.py");
  EXPECT_EQ(send_program(
                api_, program, [](auto, auto) {}, control_)
                .value()
                .text,
            "p-9");
  program_list_ = as_program("b.py");  // equal content under another name is another program
  EXPECT_EQ(send_program(
                api_, program, [](auto, auto) {}, control_)
                .value()
                .text,
            "d-1");
}

// ---- downloads ----

class DownloadTest : public testing::Test {
 protected:
  void handle(Exchange& exchange) {
    std::size_t from = 0;
    if (exchange.headers.contains("range")) {
      from = std::stoul(exchange.headers["range"].substr(6));
      ++resumed_;
    }
    if (missing_) {
      return exchange.answer(404, R"({"error":{"kind":"not_found","message":"no result r-1"}})");
    }
    const auto rest = bytes_.substr(from);
    exchange.write(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n", from > 0 ? 206 : 200,
                               rest.size()));
    exchange.write(rest.substr(0, give_));
  }
  Result<> fetch() {
    return download(
        api_, {"/v1/results/r-1/archive", target_, sha256_, bytes_.size()}, [](auto, auto) {},
        control_, kQuick);
  }
  int files_in_dir() const {
    return static_cast<int>(std::distance(fs::directory_iterator(dir_.path()), {}));
  }

  TempDir dir_ = TempDir::make().value();
  fs::path target_ = dir_.path() / "out.tar.gz";
  std::string bytes_ = some_bytes(200'000);
  std::string sha256_ = sha256_hex(bytes_);
  std::size_t give_ = std::string::npos;
  bool missing_ = false;
  std::atomic<int> resumed_{0};
  FakeServer server_{[this](Exchange& exchange) { handle(exchange); }};
  Api api_{Endpoint{server_.url(), Secret<std::string>("t")}};
  TaskControl control_;
};

TEST_F(DownloadTest, GoesOnWhereTheConnectionBroke) {
  give_ = 60'000;
  ASSERT_TRUE(write_file(target_, "old").ok());
  const auto done = fetch();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(read_file(target_).value(), bytes_);
  EXPECT_EQ(resumed_, 3);
  EXPECT_EQ(files_in_dir(), 1);
}

TEST_F(DownloadTest, AWrongChecksumLeavesNothing) {
  sha256_ = sha256_hex("other");
  const auto done = fetch();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::corrupted);
  EXPECT_EQ(files_in_dir(), 0);
}

TEST_F(DownloadTest, ErrorsOfTheManagerAreItsOwn) {
  missing_ = true;
  const auto done = fetch();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::not_found);
  EXPECT_THAT(done.error().message, HasSubstr("no result r-1"));
  EXPECT_EQ(files_in_dir(), 0);
}

TEST_F(DownloadTest, GivesUp) {
  give_ = 0;
  EXPECT_FALSE(fetch().ok());
  EXPECT_EQ(files_in_dir(), 0);
}

TEST(ArchiveName, IsAFileName) {
  const JobId job{"j-1"};
  EXPECT_EQ(archive_name("wordcount.py", job), "wordcount-j-1.tar.gz");
  EXPECT_EQ(archive_name("wc.jar", job), "wc-j-1.tar.gz");
  EXPECT_EQ(archive_name("../../etc/passwd", job), "job.._.._etc_passwd-j-1.tar.gz");
  EXPECT_EQ(archive_name("", job), "job-j-1.tar.gz");
  EXPECT_EQ(archive_name("-rf", job), "job-rf-j-1.tar.gz");
}

}  // namespace
}  // namespace bdaas::cli
