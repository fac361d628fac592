#include "cli/upload.h"

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "cli/table.h"
#include "net/url.h"

namespace bdaas::cli {

namespace {

// Hashes what is read, once, though parts may be read again after a broken connection.
class HashingReader {
 public:
  explicit HashingReader(ByteSource& source) : source_(source) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) {
    BDAAS_ASSIGN(const auto got, source_.read(offset, buffer));
    if (offset <= hashed_ && offset + got > hashed_) {
      const auto known = hashed_ - offset;
      sha256_.update({buffer.data() + known, got - known});
      hashed_ = offset + got;
    }
    return got;
  }
  std::string hex() { return sha256_.hex(); }

 private:
  ByteSource& source_;
  Sha256 sha256_;
  std::uint64_t hashed_ = 0;
};

class Transfer {
 public:
  Transfer(const Api& api, ByteSource& source, const Progress& progress, TaskControl& control)
      : api_(api), source_(source), reader_(source), progress_(progress), control_(control) {}

  Result<> create(const UploadSpec& spec);
  Result<Uploaded> send_all(const RetryPolicy& retry);
  void give_up() const;

 private:
  Attempt go_on();
  Result<> send_rest();
  Result<> ask_offset();
  Result<> ask_object();
  HttpRequest request(std::string method) const;

  const Api& api_;
  ByteSource& source_;
  HashingReader reader_;
  const Progress& progress_;
  TaskControl& control_;
  std::string path_;          // of the upload, on the manager
  std::uint64_t offset_ = 0;  // the manager has so much
  bool offset_known_ = true;
  std::string object_;  // known at the end
};

HttpRequest Transfer::request(std::string method) const {
  HttpRequest request;
  request.method = std::move(method);
  request.url = path_;
  request.headers = {{"Tus-Resumable", "1.0.0"}};
  request.cancel = &control_.stop;
  return request;
}

std::string metadata_of(const UploadSpec& spec) {
  std::string text = fmt::format("kind {},name {}", to_base64(spec.kind), to_base64(spec.name));
  if (!spec.shape.empty()) text += ",shape " + to_base64(spec.shape);
  if (!spec.sha256.empty()) text += ",sha256 " + to_base64(spec.sha256);
  return text;
}

Result<> Transfer::create(const UploadSpec& spec) {
  auto creation = request("POST");
  creation.url = "/v1/uploads";
  creation.headers.push_back({"Upload-Length", std::to_string(source_.length())});
  creation.headers.push_back({"Upload-Metadata", metadata_of(spec)});
  BDAAS_ASSIGN(const auto response, api_.send(std::move(creation)));
  const auto location = response.header("Location");
  if (!location) return fail(ErrorKind::internal, "the manager named no place to upload to");
  path_ = *location;
  if (!path_.starts_with('/')) {
    BDAAS_ASSIGN(const auto url, parse_url(path_));
    path_ = url.target;
  }
  return {};
}

Result<> Transfer::send_rest() {
  auto patch = request("PATCH");
  patch.headers.push_back({"Upload-Offset", std::to_string(offset_)});
  patch.headers.push_back({"Content-Type", "application/offset+octet-stream"});
  patch.timeout = kStreamTimeout;
  patch.source_bytes = source_.length() - offset_;
  patch.source = [this, at = offset_](std::span<char> buffer) mutable -> Result<std::size_t> {
    BDAAS_ASSIGN(const auto got, reader_.read(at, buffer));
    at += got;
    progress_(at, source_.length());
    return got;
  };
  BDAAS_ASSIGN(const auto response, api_.send(std::move(patch)));
  offset_ = source_.length();
  if (const auto object = response.header("Bdaas-Object")) object_ = *object;
  return {};
}

Result<> Transfer::ask_offset() {
  BDAAS_ASSIGN(const auto response, api_.send(request("HEAD")));
  const auto text = response.header("Upload-Offset").value_or("");
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc{} || end != text.data() + text.size() || offset > source_.length()) {
    return fail(ErrorKind::internal, "the manager does not say how much of the upload it has");
  }
  offset_ = offset;
  return {};
}

Result<> Transfer::ask_object() {
  BDAAS_ASSIGN(const auto answer, api_.get(path_, &control_.stop));
  object_ = text_at(answer, "object");
  if (object_.empty()) return fail(ErrorKind::internal, "the manager does not name what it got");
  return {};
}

// conflict: our idea of the offset was wrong. throttled: the manager is busy.
bool may_go_on(ErrorKind kind) {
  return is_broken_connection(kind) || kind == ErrorKind::throttled || kind == ErrorKind::conflict;
}

Attempt Transfer::go_on() {
  const auto before = offset_;
  auto done = offset_known_ ? Result<>{} : ask_offset();
  if (done && offset_ < source_.length()) done = send_rest();
  if (done && object_.empty()) done = ask_object();
  offset_known_ = done.ok();
  const bool again = !done && may_go_on(done.error().kind);
  return {std::move(done), again, offset_ > before};
}

Result<Uploaded> Transfer::send_all(const RetryPolicy& retry) {
  BDAAS_TRY(keep_trying([this] { return go_on(); }, control_, retry));
  return Uploaded{object_, reader_.hex()};
}

void Transfer::give_up() const {
  if (path_.empty()) return;
  auto removal = request("DELETE");
  removal.cancel = nullptr;
  removal.timeout = Millis{2'000};
  (void)api_.send(std::move(removal));  // a courtesy: the manager drops unfinished uploads by age
}

}  // namespace

Result<Uploaded> upload(const Api& api, const UploadSpec& spec, ByteSource& source,
                        const Progress& progress, TaskControl& control, const RetryPolicy& retry) {
  Transfer transfer(api, source, progress, control);
  const auto where = fmt::format("cannot upload '{}'", spec.name);
  BDAAS_TRY(transfer.create(spec).context(where));
  auto sent = transfer.send_all(retry);
  if (!sent) transfer.give_up();
  return std::move(sent).context(where);
}

}  // namespace bdaas::cli
