// Uploads by tus 1.0: programs and data sets come in here, and go on where they broke off.

#include "api/http_text.h"
#include "api/routes.h"
#include "api/tus.h"

namespace bdaas::api {

namespace {

constexpr std::uint64_t kUploadBytesMax = 1ull << 40;
constexpr int kChecksumMismatch = 460;  // tus' own

using Opened = std::variant<HttpResponse, std::unique_ptr<BodySink>>;

// ---- what a whole upload becomes ----

Result<std::string> add_object(const ApiContext& api, const UserId& user, FinishedUpload finished) {
  if (auto* program = std::get_if<Program>(&finished)) {
    BDAAS_ASSIGN(const auto row, api.commands.add_program(user, std::move(*program)));
    return row.id.text;
  }
  auto& data = std::get<DataSet>(finished);
  const auto id = data.id;
  auto row = api.commands.add_data_set(user, std::move(data));
  // It was added before and nobody heard of it.
  const bool known = !row && row.error().kind == ErrorKind::conflict && api.store.get<DataSet>(id);
  if (row || known) return id.text;
  return std::move(row).error();
}

// The id of the program or data set; idempotent.
Result<std::string> complete(const ApiContext& api, const UserId& user, const UploadId& id) {
  BDAAS_ASSIGN(const auto upload, api.uploads.get(user, id));
  if (!upload.object.empty()) return upload.object;
  BDAAS_ASSIGN(auto finished, api.uploads.finish(user, id));
  BDAAS_ASSIGN(auto object, add_object(api, user, std::move(finished)));
  BDAAS_TRY(api.uploads.set_object(user, id, object));
  return object;
}

// When it is forgotten if nothing more comes; what it became is not.
void add_expiry(HttpResponse& answer, const Upload& upload) {
  if (!upload.object.empty()) return;
  answer.headers.emplace_back("Upload-Expires", http_date(upload.expires_at));
}

// ---- bytes ----

// One PATCH, or the bytes that came with the creation.
class UploadSink final : public BodySink {
 public:
  UploadSink(const Call& call, Upload upload, std::unique_ptr<UploadWriter> writer,
             HttpResponse answer)
      : api_(call.api),
        user_(call.user),
        upload_(std::move(upload)),
        writer_(std::move(writer)),
        answer_(std::move(answer)) {}

  std::optional<HttpResponse> write(std::string_view bytes) override {
    auto written = writer_ ? writer_->write(bytes)
                           : Result<>(fail(ErrorKind::invalid_argument,
                                           "a body needs the Content-Type {}", kTusMedia));
    if (written) return std::nullopt;
    return error_response(written.error());
  }

  HttpResponse finish() override {
    auto offset = writer_ ? writer_->commit() : Result<std::int64_t>(std::int64_t{0});
    writer_.reset();
    if (!offset) {
      const bool mismatch = offset.error().kind == ErrorKind::corrupted;
      return mismatch ? error_response(kChecksumMismatch, offset.error())
                      : error_response(offset.error());
    }
    answer_.headers.emplace_back("Upload-Offset", std::to_string(*offset));
    if (*offset == upload_.spec.bytes) {
      const auto object = complete(api_, user_, upload_.id);
      // Content that is refused is the client's mistake, also where a stored file would be called
      // corrupted.
      if (!object && object.error().kind == ErrorKind::corrupted) {
        return error_response(kChecksumMismatch, object.error());
      }
      if (!object) return error_response(object.error());
      answer_.headers.emplace_back("Bdaas-Object", *object);
      return std::move(answer_);
    }
    const auto upload = api_.uploads.get(user_, upload_.id);
    if (!upload) return error_response(upload.error());
    add_expiry(answer_, *upload);
    return std::move(answer_);
  }

 private:
  const ApiContext& api_;
  const UserId user_;
  const Upload upload_;
  std::unique_ptr<UploadWriter> writer_;
  HttpResponse answer_;
};

Result<Opened> open_upload(const Call& call) {
  const auto& request = call.request;
  if (request.header("upload-defer-length")) {
    return fail(ErrorKind::invalid_argument,
                "Upload-Defer-Length is not possible here; the length "
                "must be known at the creation");
  }
  BDAAS_ASSIGN(const auto spec, read_creation(request));
  BDAAS_ASSIGN(auto checksum, read_checksum(request));
  if (static_cast<std::uint64_t>(spec.bytes) > kUploadBytesMax) {
    return Opened(error_response(
        413, fail(ErrorKind::resource_exhausted, "Upload-Length: {} bytes; {} are allowed",
                  spec.bytes, kUploadBytesMax)));
  }
  std::string metadata(request.header("upload-metadata").value_or(""));
  BDAAS_ASSIGN(auto upload, call.api.uploads.create(call.user, spec, std::move(metadata)));
  std::unique_ptr<UploadWriter> writer;
  if (media_type(request.header("content-type").value_or("")) == kTusMedia) {
    BDAAS_ASSIGN(writer, call.api.uploads.append(call.user, upload.id, 0, std::move(checksum)));
  }
  HttpResponse answer{.status = 201, .headers = {{"Location", "/v1/uploads/" + upload.id.text}}};
  return Opened(
      std::make_unique<UploadSink>(call, std::move(upload), std::move(writer), std::move(answer)));
}

Result<Opened> open_piece(const Call& call) {
  BDAAS_ASSIGN(const auto id, PartReader<FromPath<UploadId>>::read(call));
  BDAAS_ASSIGN(const auto offset, read_number(call.request, "upload-offset", "Upload-Offset"));
  BDAAS_ASSIGN(auto checksum, read_checksum(call.request));
  BDAAS_ASSIGN(auto upload, call.api.uploads.get(call.user, id.value));
  BDAAS_ASSIGN(auto writer,
               call.api.uploads.append(call.user, id.value, offset, std::move(checksum)));
  return Opened(std::make_unique<UploadSink>(call, std::move(upload), std::move(writer),
                                             HttpResponse{.status = 204}));
}

// ---- the small ones ----

Result<HttpResponse> tus_options(const Call&) {
  return HttpResponse{.status = 204,
                      .headers = {{"Tus-Version", std::string(kTusVersion)},
                                  {"Tus-Extension", std::string(kTusExtensions)},
                                  {"Tus-Checksum-Algorithm", std::string(kTusChecksums)},
                                  {"Tus-Max-Size", std::to_string(kUploadBytesMax)}}};
}

Result<HttpResponse> head_upload(const Call& call, FromPath<UploadId> id) {
  BDAAS_ASSIGN(const auto upload, call.api.uploads.get(call.user, id.value));
  HttpResponse answer{.headers = {{"Upload-Offset", std::to_string(upload.offset)},
                                  {"Upload-Length", std::to_string(upload.spec.bytes)},
                                  {"Upload-Metadata", upload.metadata}}};
  add_expiry(answer, upload);
  return answer;
}

Result<UploadView> get_upload(const Call& call, FromPath<UploadId> id) {
  BDAAS_ASSIGN(const auto upload, call.api.uploads.get(call.user, id.value));
  UploadView view{.id = upload.id,
                  .owner = upload.owner,
                  .offset = upload.offset,
                  .length = upload.spec.bytes,
                  .expires_at = upload.expires_at};
  if (upload.offset == upload.spec.bytes) {
    BDAAS_ASSIGN(view.object, complete(call.api, call.user, upload.id));
  }
  return view;
}

Result<HttpResponse> remove_upload(const Call& call, FromPath<UploadId> id) {
  BDAAS_TRY(call.api.uploads.remove(call.user, id.value));
  return HttpResponse{.status = 204};
}

// ---- rows ----

ParameterDoc checksum_header() {
  return {.name = "Upload-Checksum",
          .doc = "sha1 or sha256, and the digest of this body in base64",
          .pattern = "^sha(1 [A-Za-z0-9+/]{26}|256 [A-Za-z0-9+/]{42})[AEIMQUYcgkosw048]=$"};
}

ParameterDoc number_header(std::string_view name, std::string_view doc) {
  return {.name = name, .doc = doc, .required = true, .pattern = "^[0-9]{1,15}$"};
}

// A row whose body goes to a sink.
Route sink_route(std::string_view method, std::string_view path, std::string_view name,
                 std::string_view summary, Result<Opened> (*open)(const Call&)) {
  Route made{.method = method, .path = path, .name = name, .summary = summary, .lane = Lane::slow};
  made.max_body_bytes = kUploadBytesMax;
  made.body_media = {kTusMedia};
  made.open_sink = [open](const Call& call) -> Opened {
    auto opened = open(call);
    if (!opened) return error_response(opened.error());
    return std::move(opened).value();
  };
  return std::move(made)
      .of_tus()
      .takes_header(checksum_header())
      .may_fail({ErrorKind::not_found, ErrorKind::conflict, ErrorKind::resource_exhausted})
      .with_status(kChecksumMismatch);
}

}  // namespace

std::vector<Route> upload_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(
      route("OPTIONS", "/v1/uploads", "upload_options", "What of tus is understood", tus_options)
          .may_answer({204,
                       "",
                       nullptr,
                       "see its headers",
                       {"Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm",
                        "Tus-Max-Size"}}));
  auto creation =
      sink_route("POST", "/v1/uploads", "create_upload",
                 "Begin an upload; its first bytes may come along", open_upload)
          .takes_header(number_header("Upload-Length", "bytes in all"))
          .takes_header({.name = "Upload-Metadata",
                         .doc = "kind (program or data), name, for data shape (file or "
                                "tree), optionally sha256; each value in base64",
                         .required = true})
          .may_answer({201, "", nullptr, "begun", {"Location", "Tus-Resumable", "Upload-Offset"}});
  creation.body = BodyRule::optional;
  routes.push_back(std::move(creation));
  auto piece =
      sink_route("PATCH", "/v1/uploads/{id}", "append_upload",
                 "The next bytes; the last answer names the object in Bdaas-Object", open_piece)
          .takes_header(number_header("Upload-Offset", "bytes that are there"))
          .may_answer({204, "", nullptr, "taken", {"Tus-Resumable", "Upload-Offset"}});
  piece.body = BodyRule::required;
  PartDoc<FromPath<UploadId>>::describe(piece);
  routes.push_back(std::move(piece));
  routes.push_back(
      route("HEAD", "/v1/uploads/{id}", "head_upload", "How far an upload is", head_upload)
          .of_tus()
          .may_answer({200,
                       "",
                       nullptr,
                       "see its headers",
                       {"Tus-Resumable", "Upload-Offset", "Upload-Length"}}));
  routes.push_back(
      route("GET", "/v1/uploads/{id}", "get_upload", "What has become of an upload", get_upload)
          .slow()
          .may_fail({conflict, failed_precondition, resource_exhausted}));
  routes.push_back(
      route("DELETE", "/v1/uploads/{id}", "remove_upload", "Give an upload up", remove_upload)
          .slow()
          .of_tus()
          .may_answer({204, "", nullptr, "gone", {"Tus-Resumable"}}));
  return routes;
}

}  // namespace bdaas::api
