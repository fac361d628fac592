#include "cli/commands/common.h"

#include "cli/local_input.h"

namespace bdaas::cli {

Result<std::string> path_of(const NounWords& words, std::string_view id) {
  if (looks_like_id(id, words.prefix)) return fmt::format("{}/{}", words.path, id);
  return fail(ErrorKind::invalid_argument, "'{}' is no id of a {}; they look like {}-4k2m9x0p1qzr",
              id, words.noun, words.prefix);
}

Result<ExitCode> list_rows(Session& session, std::string_view path,
                           std::span<const Column> columns) {
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto rows, api->list(path));
  session.show_rows(rows, columns);
  return ExitCode::ok;
}

Result<ExitCode> describe_row(Session& session, const NounWords& words, std::string_view id) {
  BDAAS_ASSIGN(const auto path, path_of(words, id));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto row, api->get(path));
  session.show(row);
  return ExitCode::ok;
}

Result<ExitCode> remove_rows(Session& session, const NounWords& words,
                             const std::vector<std::string>& ids) {
  std::vector<std::string> paths;
  for (const auto& id : ids) {
    BDAAS_ASSIGN(auto path, path_of(words, id));
    paths.push_back(std::move(path));
  }
  BDAAS_ASSIGN(const auto* api, session.api());
  for (const auto& path : paths) BDAAS_TRY(api->remove(path));
  session.tell(fmt::format("{} removed", paths.size()), to_json(ids));
  return ExitCode::ok;
}

Result<ExitCode> wish(Session& session, const NounWords& words, std::string_view id,
                      std::string_view wish, const json::value& body) {
  BDAAS_ASSIGN(const auto path, path_of(words, id));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto row, api->post(fmt::format("{}/{}", path, wish), body));
  session.tell(fmt::format("{} {} is {}", words.noun, id, text_at(row, "status.state")), row);
  return ExitCode::ok;
}

}  // namespace bdaas::cli
