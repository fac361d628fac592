#include "agent/apply_plan.h"

#include <set>

namespace bdaas {

namespace {

Result<> check_inside(const std::string& node_dir, const std::string& path) {
  BDAAS_ASSIGN(const auto name, name_in_node(node_dir, path));
  return {};
}

Result<> check_program(const std::vector<std::string>& argv) {
  if (!argv.empty() && argv.front().starts_with('/')) return {};
  return fail(ErrorKind::invalid_argument, "its program '{}' is not an absolute path",
              argv.empty() ? "" : argv.front());
}

Result<> check_daemon(const DaemonSpec& spec, const std::string& node_dir) {
  BDAAS_TRY(check_program(spec.argv));
  BDAAS_TRY(check_inside(node_dir, spec.log).context("its log"));
  if (!spec.working_dir.empty() && spec.working_dir != node_dir) {
    BDAAS_TRY(check_inside(node_dir, spec.working_dir).context("its working directory"));
  }
  if (spec.init_once) {
    BDAAS_TRY(check_program(spec.init_once->argv).context("its initialization"));
    BDAAS_TRY(check_inside(node_dir, node_dir + "/" + spec.init_once->marker)
                  .context("the marker of its initialization"));
  }
  return {};
}

}  // namespace

Result<> check_plan(const NodePlan& plan, const std::string& node_dir) {
  for (const auto& directory : plan.directories) {
    if (directory != node_dir) BDAAS_TRY(check_inside(node_dir, directory));
  }
  for (const auto& file : plan.files) BDAAS_TRY(check_inside(node_dir, file.path));
  std::set<std::string> names;
  for (const auto& daemon : plan.daemons) {
    if (!names.insert(daemon.name).second) {
      return fail(ErrorKind::invalid_argument, "two daemons are named '{}'", daemon.name);
    }
    BDAAS_TRY(check_daemon(daemon, node_dir).context(daemon.name));
  }
  return {};
}

Result<> write_plan_files(const NodePlan& plan, const NodeFiles& files) {
  for (const auto& directory : plan.directories) BDAAS_TRY(files.make_directory(directory));
  for (const auto& file : plan.files) BDAAS_TRY(files.write(file));
  return {};
}

}  // namespace bdaas
