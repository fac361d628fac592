#include "cli/session.h"

#include "cli/manager_process.h"

namespace bdaas::cli {

Look Session::look() const { return {SystemClock().now(), out_.colours()}; }

Result<StateDir> Session::state_dir() const { return state_dir_of(environment_); }

Result<const Api*> Session::api() {
  if (!api_) {
    BDAAS_ASSIGN(const auto state, state_dir());
    BDAAS_ASSIGN(auto endpoint, ensure_manager(environment_, state));
    api_ = std::make_unique<Api>(std::move(endpoint));
  }
  return api_.get();
}

void Session::show_rows(const json::array& rows, std::span<const Column> columns) {
  out_.write(json_ ? write_json_pretty(rows) + "\n" : render_table(rows, columns, look()));
}

void Session::show(const json::value& value) {
  out_.write(json_ ? write_json_pretty(value) + "\n" : render_description(value, look()));
}

void Session::tell(std::string_view sentence, const json::value& value) {
  out_.write(json_ ? write_json_pretty(value) + "\n" : fmt::format("{}\n", sentence));
}

}  // namespace bdaas::cli
