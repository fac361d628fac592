#include "cli/send_input.h"

#include <algorithm>
#include <vector>

#include "base/digest.h"
#include "cli/known_members.h"
#include "cli/retry.h"

namespace bdaas::cli {

namespace {

constexpr std::size_t kReadBytes = 1 << 20;

Result<std::string> sha256_of(ByteSource& source, TaskControl& control) {
  Sha256 sha256;
  std::vector<char> buffer(kReadBytes);
  std::uint64_t at = 0;
  for (;;) {
    if (control.stop) return fail(ErrorKind::cancelled, "the upload was cancelled");
    BDAAS_ASSIGN(const auto got, source.read(at, buffer));
    if (got == 0) return sha256.hex();
    sha256.update({buffer.data(), got});
    at += got;
  }
}

bool could_be(const DataSet& stored, const LocalData& data) {
  return stored.path.empty() && stored.name == data.name && stored.shape == data.shape &&
         stored.bytes == static_cast<std::int64_t>(data.content_bytes) &&
         stored.files == static_cast<std::int64_t>(data.files);
}

}  // namespace

Result<ProgramId> send_program(const Api& api, const LocalProgram& program,
                               const Progress& progress, TaskControl& control) {
  BDAAS_ASSIGN(const auto items, api.list("/v1/programs", &control.stop));
  BDAAS_ASSIGN(const auto known, nouns_from<Program>(items));
  for (const auto& stored : known) {
    if (stored.sha256 == program.sha256 && stored.name == program.name) return stored.id;
  }
  BDAAS_ASSIGN(auto source, open_file_source(program.path));
  BDAAS_ASSIGN(auto sent, upload(api, {"program", program.name, "", program.sha256}, *source,
                                 progress, control));
  return ProgramId{std::move(sent.object)};
}

Result<DataSetId> send_data(const Api& api, LocalData& data, const Progress& progress,
                            TaskControl& control) {
  BDAAS_ASSIGN(const auto items, api.list("/v1/data", &control.stop));
  BDAAS_ASSIGN(auto known, nouns_from<DataSet>(items));
  std::erase_if(known, [&](const DataSet& stored) { return !could_be(stored, data); });
  std::string sha256;
  if (!known.empty()) {
    BDAAS_ASSIGN(sha256, sha256_of(*data.source, control));
  }
  for (const auto& stored : known) {
    if (stored.sha256 == sha256) return stored.id;
  }
  BDAAS_ASSIGN(const auto sent,
               upload(api, {"data", data.name, std::string(to_text(data.shape)), sha256},
                      *data.source, progress, control));
  BDAAS_ASSIGN(const auto answer, api.get("/v1/data/" + sent.object, &control.stop));
  BDAAS_ASSIGN(const auto stored, noun_from<DataSet>(answer));
  if (stored.sha256 != sent.sha256) {
    return fail(ErrorKind::corrupted, "'{}' arrived changed: sha256 {} was sent, {} is stored",
                data.name, sent.sha256, stored.sha256);
  }
  return stored.id;
}

Result<DataSetId> lend_data(const Api& api, LocalData& data, const Progress& progress,
                            TaskControl& control) {
  if (data.path.empty()) return send_data(api, data, progress, control);
  const auto answer = api.post("/v1/data", json::object{{"path", data.path}}, &control.stop);
  if (answer) {
    BDAAS_ASSIGN(const auto seen, noun_from<DataSet>(*answer));
    if (seen.bytes == static_cast<std::int64_t>(data.content_bytes)) return seen.id;
  } else if (is_broken_connection(answer.error().kind)) {
    return answer.error();
  }
  return send_data(api, data, progress, control);  // the manager sees other files than we do
}

}  // namespace bdaas::cli
