// Programs: uploaded once (see uploads.cpp), versioned by hash.

#include "api/routes.h"

namespace bdaas::api {

namespace {

Result<Page<Program>> list_programs(const Call& call, FromQuery<PageQuery> page) {
  return own_page<Program>(call, page.value);
}

Result<Program> get_program(const Call& call, FromPath<ProgramId> id) {
  return own_row<Program>(call, id.value);
}

// Its content goes when no other row has it and none is on its way in.
Result<> remove_program(const Call& call, FromPath<ProgramId> id) {
  BDAAS_TRY(call.api.commands.remove_program(call.user, id.value));
  call.api.sweep();
  return {};
}

}  // namespace

std::vector<Route> program_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(route("GET", "/v1/programs", "list_programs", "List programs", list_programs)
                       .may_fail({not_found}));
  routes.push_back(
      route("GET", "/v1/programs/{id}", "get_program", "Describe a program", get_program));
  routes.push_back(route("DELETE", "/v1/programs/{id}", "remove_program",
                         "Forget a program that no job uses", remove_program)
                       .slow()
                       .may_fail({conflict, failed_precondition}));
  return routes;
}

}  // namespace bdaas::api
