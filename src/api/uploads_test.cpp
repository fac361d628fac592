// tus 1.0, as its clients speak it.

#include <gtest/gtest.h>

#include "api/http_text.h"
#include "api/test_api.h"
#include "api/tus.h"
#include "base/digest.h"

namespace bdaas::api {
namespace {

constexpr std::string_view kTus = "Tus-Resumable: 1.0.0\r\n";
constexpr std::string_view kBytes = "Content-Type: application/offset+octet-stream\r\n";

// A header's line.
std::string sum_of(std::string_view bytes, DigestKind kind = DigestKind::sha256) {
  Digest digest(kind);
  digest.update(bytes);
  const auto hex = digest.hex();
  std::string raw;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return fmt::format("Upload-Checksum: {} {}\r\n", to_text(kind), to_base64(raw));
}

std::string write_metadata(const UploadSpec& spec) {
  auto text = fmt::format("kind {},name {}", to_base64(to_text(spec.kind)), to_base64(spec.name));
  if (!spec.sha256.empty()) text += ",sha256 " + to_base64(spec.sha256);
  return text;
}

class UploadTest : public ApiTest {
 protected:
  static std::string metadata(const UploadSpec& spec) {
    return fmt::format("Upload-Length: {}\r\nUpload-Metadata: {}\r\n", spec.bytes,
                       write_metadata(spec));
  }
  TestAnswer create(const UploadSpec& spec, std::string more = "", std::string body = "") {
    return ask({.method = "POST",
                .path = "/v1/uploads",
                .body = std::move(body),
                .headers = std::string(kTus) + metadata(spec) + more});
  }
  std::string created(const UploadSpec& spec) {
    const auto answer = create(spec);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.header("location");
  }
  static Asked piece(const std::string& path, std::size_t offset, std::string bytes,
                     std::string more = "") {
    return {.method = "PATCH",
            .path = path,
            .body = std::move(bytes),
            .headers = fmt::format("{}{}Upload-Offset: {}\r\n{}", kTus, kBytes, offset, more)};
  }
  TestAnswer head(const std::string& path) {
    return ask({.method = "HEAD", .path = path, .headers = std::string(kTus)});
  }
  static UploadSpec data_of(std::string_view bytes) {
    return {.kind = UploadKind::data,
            .name = "iliad.txt",
            .bytes = static_cast<std::int64_t>(bytes.size())};
  }

  const std::string text_ = "Sing, O goddess, the anger of Achilles";
};

TEST_F(UploadTest, SaysWhatItUnderstands) {
  const auto answer = ask({.method = "OPTIONS", .path = "/v1/uploads"});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("tus-version"), "1.0.0");
  EXPECT_EQ(answer.header("tus-extension"),
            "creation,creation-with-upload,expiration,termination,checksum");
  EXPECT_EQ(answer.header("tus-checksum-algorithm"), "sha1,sha256");
  for (const auto& row : enum_table(DigestKind{})) {
    EXPECT_NE(answer.header("tus-checksum-algorithm").find(row.text), std::string::npos);
  }
}

TEST_F(UploadTest, ADataSetComesInPieces) {
  const auto path = created(data_of(text_));
  EXPECT_EQ(head(path).header("upload-offset"), "0");
  const auto first = ask(piece(path, 0, text_.substr(0, 10)));
  EXPECT_EQ(first.status, 204) << first.body;
  EXPECT_EQ(first.header("upload-offset"), "10");
  EXPECT_EQ(first.header("bdaas-object"), "");
  const auto midway = head(path);
  EXPECT_EQ(midway.header("upload-offset"), "10");
  EXPECT_EQ(midway.header("upload-length"), std::to_string(text_.size()));
  EXPECT_EQ(midway.header("upload-metadata"), write_metadata(data_of(text_)));
  EXPECT_EQ(midway.header("cache-control"), "no-store");
  EXPECT_FALSE(read<UploadView>(get(path)).object);
  EXPECT_EQ(read<UploadView>(get(path)).owner, user_);
  const auto last = ask(piece(path, 10, text_.substr(10)));
  EXPECT_EQ(last.status, 204) << last.body;
  const auto object = last.header("bdaas-object");
  EXPECT_EQ(read<UploadView>(get(path)).object, object);
  const auto data = read<DataSet>(get("/v1/data/" + object));
  EXPECT_EQ(data.name, "iliad.txt");
  EXPECT_EQ(data.sha256, sha256_hex(text_));
  EXPECT_EQ(get("/v1/data/" + object + "/content").body, text_);
}

TEST_F(UploadTest, OneThatIsNotWholeSaysWhenItIsForgotten) {
  const auto begun = create(data_of(text_));
  EXPECT_NE(begun.header("upload-expires"), "");
  const auto path = begun.header("location");
  const auto first = ask(piece(path, 0, text_.substr(0, 10)));
  const auto expires = http_date(read<UploadView>(get(path)).expires_at);
  EXPECT_EQ(first.header("upload-expires"), expires);
  EXPECT_EQ(head(path).header("upload-expires"), expires);
  const auto last = ask(piece(path, 10, text_.substr(10)));
  EXPECT_EQ(last.header("upload-expires"), "");
  EXPECT_EQ(head(path).header("upload-expires"), "");
}

TEST_F(UploadTest, AProgramComesWithItsCreation) {
  const std::string source = "print('hello')\n";
  UploadSpec spec{.kind = UploadKind::program,
                  .name = "hello.py",
                  .bytes = static_cast<std::int64_t>(source.size())};
  const auto answer = create(spec, std::string(kBytes), source);
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.header("upload-offset"), std::to_string(source.size()));
  const auto program = read<Program>(get("/v1/programs/" + answer.header("bdaas-object")));
  EXPECT_EQ(program.name, "hello.py");
  EXPECT_EQ(program.kind, ProgramKind::python);
}

TEST_F(UploadTest, APieceThatBrokeOffIsTakenUp) {
  const auto path = created(data_of(text_));
  auto cut = client();
  auto whole = request(piece(path, 0, text_));
  ASSERT_TRUE(cut.send(whole.substr(0, whole.size() - 20)));
  cut.hang_up();
  std::string offset;
  // The server hears of the broken connection a moment later; then the upload may be asked and goes
  // on.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  TestAnswer rest;
  do {
    offset = head(path).header("upload-offset");
    const auto from = std::stoul(offset);
    rest = ask(piece(path, from, text_.substr(from)));
  } while (rest.status == 409 && std::chrono::steady_clock::now() < deadline);
  EXPECT_EQ(rest.status, 204) << rest.body;
  EXPECT_EQ(get("/v1/data/" + rest.header("bdaas-object") + "/content").body, text_);
}

TEST_F(UploadTest, PiecesAreChecked) {
  const auto path = created(data_of(text_));
  for (const auto kind : {DigestKind::sha1, DigestKind::sha256}) {
    const auto wrong = ask(piece(path, 0, text_, sum_of("other", kind)));
    EXPECT_EQ(wrong.status, 460) << wrong.body;
    EXPECT_EQ(head(path).header("upload-offset"), "0");
  }
  for (const auto* wrong : {"md5 AAAA", "sha256 AAAA", "sha1 AAAA", "sha1", "sha1 ", "",
                            "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",  // of "hello world"
                            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}) {
    const auto header = fmt::format("Upload-Checksum: {}\r\n", wrong);
    EXPECT_EQ(ask(piece(path, 0, text_, header)).status, 400) << wrong;
  }
  const auto half = text_.size() / 2;
  const auto first = text_.substr(0, half);
  const auto second = text_.substr(half);
  EXPECT_EQ(ask(piece(path, 0, first, sum_of(first, DigestKind::sha1))).status, 204);
  EXPECT_EQ(ask(piece(path, half, second, sum_of(second))).status, 204);
  EXPECT_EQ(ask(piece(path, text_.size(), "", sum_of("other"))).status, 460);
}

TEST_F(UploadTest, EveryAnswerSaysTheVersion) {
  const auto path = created(data_of(text_));
  const auto says = [&](const Asked& asked, int status) {
    const auto answer = ask(asked);
    EXPECT_EQ(answer.status, status) << asked.method << " " << asked.path << answer.head;
    EXPECT_EQ(answer.header("tus-resumable"), "1.0.0") << asked.method << " " << asked.path;
  };
  const std::string tus(kTus);
  says({.method = "OPTIONS", .path = "/v1/uploads"}, 204);
  says({.method = "HEAD", .path = path, .headers = tus}, 200);
  says({.method = "HEAD", .path = path, .headers = tus, .with_token = false}, 401);
  says({.method = "HEAD", .path = path, .headers = tus + "Origin: http://evil.example\r\n"}, 403);
  says({.method = "HEAD", .path = "/v1/uploads/none", .headers = tus}, 404);
  says({.method = "PUT", .path = path, .headers = tus}, 405);
  says({.method = "PATCH", .path = path, .headers = tus}, 415);
  says(piece(path, 5, "x"), 409);
  says(piece(path, 0, text_ + "more"), 400);
  says(piece(path, 0, text_, sum_of("other")), 460);
  says(piece(path, 0, text_), 204);
  says({.method = "DELETE", .path = path, .headers = tus}, 204);
}

TEST_F(UploadTest, AnotherVersionIsRefusedBeforeAnythingElse) {
  const auto path = created(data_of(text_));
  for (const auto* method : {"HEAD", "PATCH", "DELETE"}) {
    for (const auto& at : {path, std::string("/v1/uploads/none")}) {
      const auto old = ask({.method = method, .path = at, .headers = "Tus-Resumable: 0.2.2\r\n"});
      EXPECT_EQ(old.status, 412) << method << " " << at;
      EXPECT_EQ(old.header("tus-version"), "1.0.0");
      EXPECT_EQ(old.header("tus-resumable"), "1.0.0");
      EXPECT_EQ(ask({.method = method, .path = at}).status, 412) << method << " " << at;
    }
  }
  EXPECT_EQ(ask({.method = "POST", .path = "/v1/uploads", .body = "{}"}).status, 412);
  EXPECT_EQ(head(path).status, 200);
}

// X-HTTP-Method-Override, for clients without PATCH and DELETE.
class MethodOverride : public UploadTest {
 protected:
  static Asked as_post(Asked asked) {
    asked.headers += fmt::format("X-HTTP-Method-Override: {}\r\n", asked.method);
    asked.method = "POST";
    return asked;
  }
};

TEST_F(MethodOverride, APostMeansTheMethodThatItNames) {
  const auto path = created(data_of(text_));
  EXPECT_EQ(ask(as_post(piece(path, 0, text_.substr(0, 10)))).status, 204);
  const auto asked = ask(as_post({.method = "HEAD", .path = path, .headers = std::string(kTus)}));
  EXPECT_EQ(asked.status, 200);
  EXPECT_EQ(asked.header("upload-offset"), "10");
  EXPECT_TRUE(asked.whole) << "it ends as the answer to a POST does";
  EXPECT_EQ(ask(as_post(piece(path, 5, "x"))).status, 409);
  const Asked removal{.method = "DELETE", .path = path, .headers = std::string(kTus)};
  EXPECT_EQ(ask(as_post(removal)).status, 204);
  EXPECT_EQ(ask(as_post(removal)).status, 404);
}

TEST_F(MethodOverride, IsJudgedAsTheMethodThatItNames) {
  const auto path = created(data_of(text_));
  Asked removal{.method = "DELETE", .path = path, .headers = std::string(kTus)};
  removal.with_token = false;
  EXPECT_EQ(ask(as_post(removal)).status, 401);
  EXPECT_EQ(ask(as_post({.method = "DELETE", .path = path})).status, 412);
  EXPECT_EQ(ask(as_post({.method = "PATCH", .path = path, .headers = std::string(kTus)})).status,
            415);
  const auto brew = ask(as_post({.method = "BREW", .path = path, .headers = std::string(kTus)}));
  EXPECT_EQ(brew.status, 405);
  EXPECT_NE(brew.body.find("BREW is not possible here"), std::string::npos) << brew.body;
  auto creation = create(data_of(text_), "X-HTTP-Method-Override: DELETE\r\n");
  EXPECT_EQ(creation.status, 405) << "nothing is created, for the real method is ignored";
  EXPECT_EQ(create(data_of(text_), "X-HTTP-Method-Override: POST\r\n").status, 201);
  EXPECT_EQ(head(path).header("upload-offset"), "0");
}

TEST_F(MethodOverride, IsHeardNowhereElse) {
  const auto kept = "/v1/programs/" + program(user_).id.text;
  EXPECT_EQ(ask(as_post({.method = "DELETE", .path = kept})).status, 405);
  EXPECT_EQ(ask({.path = kept, .headers = "X-HTTP-Method-Override: DELETE\r\n"}).status, 200);
  EXPECT_EQ(get(kept).status, 200);
  // A page may be read with the cookie, but no upload, whatever is written on the request.
  const auto door = door_.visit(door_.make_link("/v1/pages/history/").text);
  const auto cookie = fmt::format("{}Cookie: {}={}\r\n", kTus, kPageCookie, door->text);
  const auto path = created(data_of(text_));
  for (const auto* at : {"/v1/pages/history/", path.c_str()}) {
    for (const auto* method : {"GET", "HEAD", "DELETE"}) {
      const Asked asked{.method = method, .path = at, .headers = cookie, .with_token = false};
      EXPECT_EQ(ask(as_post(asked)).status, 401) << method << " " << at;
    }
  }
  // A method that must change nothing stays what it is.
  const auto safe = std::string(kTus) + "X-HTTP-Method-Override: DELETE\r\n";
  EXPECT_EQ(ask({.path = path, .headers = safe}).status, 200);
  EXPECT_EQ(head(path).status, 200);
}

TEST_F(UploadTest, TheWholeIsChecked) {
  auto spec = data_of(text_);
  spec.sha256 = sha256_hex("other");
  const auto path = created(spec);
  EXPECT_EQ(ask(piece(path, 0, text_)).status, 460);
  EXPECT_EQ(get("/v1/data").body, R"({"items":[]})");
}

TEST_F(UploadTest, RefusesWhatDoesNotFit) {
  const auto path = created(data_of(text_));
  EXPECT_EQ(ask(piece(path, 5, "x")).status, 409);
  EXPECT_EQ(ask(piece(path, 0, text_ + "more")).status, 400);
  auto no_type = piece(path, 0, "x");
  no_type.headers = fmt::format("{}Upload-Offset: 0\r\nContent-Type: text/plain\r\n", kTus);
  EXPECT_EQ(ask(no_type).status, 415);
  auto no_offset = piece(path, 0, "x");
  no_offset.headers = std::string(kTus) + std::string(kBytes);
  EXPECT_EQ(ask(no_offset).status, 400);
}

TEST_F(UploadTest, RefusesCreationsThatMakeNoSense) {
  const auto with = [&](std::string headers) {
    return ask({.method = "POST", .path = "/v1/uploads", .headers = std::string(kTus) + headers});
  };
  const auto good = write_metadata(data_of(text_));
  EXPECT_EQ(with("Upload-Length: 5\r\n").status, 400);
  EXPECT_EQ(with("Upload-Length: five\r\nUpload-Metadata: " + good + "\r\n").status, 400);
  EXPECT_EQ(with("Upload-Metadata: " + good + "\r\n").status, 400);
  EXPECT_EQ(with("Upload-Defer-Length: 1\r\nUpload-Metadata: " + good + "\r\n").status, 400);
  EXPECT_EQ(with("Upload-Length: 5\r\nUpload-Metadata: " + good + ",owner dQ==\r\n").status, 400);
  EXPECT_EQ(with("Upload-Length: 5\r\nUpload-Metadata: " + good + ",name dQ==\r\n").status, 201)
      << "the last of a name counts, as with any JSON object";
  EXPECT_EQ(with("Upload-Length: 5\r\nUpload-Metadata: kind !!!,name dQ==\r\n").status, 400);
  const auto too_long = fmt::format("Upload-Length: {}\r\n", (1ull << 40) + 1);
  EXPECT_EQ(with(too_long + "Upload-Metadata: " + good + "\r\n").status, 413);
  EXPECT_EQ(with("Upload-Length: 0\r\nUpload-Metadata: " + good + "\r\n").status, 400);
  for (const auto* name : {"..", "a/b", "/etc/passwd", "", "a\x01", "a\xff"}) {
    auto spec = data_of(text_);
    spec.name = name;
    EXPECT_EQ(create(spec).status, 400) << name;
  }
  auto spec = data_of(text_);
  spec.name = std::string(256, 'x');
  EXPECT_EQ(create(spec).status, 400);
  EXPECT_EQ(create(data_of(text_), "", "a body without its type").status, 415);
}

TEST_F(UploadTest, AnUploadIsGivenUp) {
  const auto path = created(data_of(text_));
  EXPECT_EQ(ask({.method = "DELETE", .path = path, .headers = std::string(kTus)}).status, 204);
  EXPECT_EQ(head(path).status, 404);
}

TEST_F(UploadTest, AManagerThatDiedBeforeTheRowWasWrittenFinishesWhenAsked) {
  const auto path = created(data_of(text_));
  const UploadId id{path.substr(path.rfind('/') + 1)};
  auto writer = uploads_->append(user_, id, 0).value();  // the bytes arrive, the row does not
  ASSERT_TRUE(writer->write(text_));
  ASSERT_TRUE(writer->commit());
  writer.reset();
  const auto object = read<UploadView>(get(path)).object;
  ASSERT_TRUE(object);
  EXPECT_EQ(get("/v1/data/" + *object).status, 200);
  EXPECT_EQ(read<UploadView>(get(path)).object, object);
}

}  // namespace
}  // namespace bdaas::api
