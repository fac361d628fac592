// Data sets: one file, or one tar of many. They come in by uploads.cpp.

#include "api/file_answer.h"
#include "api/routes.h"
#include "stream/tree_check.h"

namespace bdaas::api {

namespace {

Result<Page<DataSet>> list_data(const Call& call, FromQuery<PageQuery> page) {
  return own_page<DataSet>(call, page.value);
}

Result<DataSet> get_data(const Call& call, FromPath<DataSetId> id) {
  return own_row<DataSet>(call, id.value);
}

// The same file, unchanged, is the same data set.
Result<std::optional<DataSet>> known_in_place(const Call& call, const DataSet& data) {
  Query same_name;
  same_name.owner = call.user.text;
  same_name.parent = data.name;
  BDAAS_ASSIGN(const auto rows, call.api.store.list<DataSet>(same_name));
  for (const auto& row : rows) {
    const bool same =
        row.path == data.path && row.bytes == data.bytes && row.path_version == data.path_version;
    if (same) return std::optional(row);
  }
  return std::optional<DataSet>{};
}

Result<Created<DataSet>> use_in_place(const Call& call, FromBody<InPlaceRequest> body) {
  const fs::path path(body.value.path);
  if (!path.is_absolute()) {
    return fail(ErrorKind::invalid_argument, "path: '{}' is not absolute", path.native());
  }
  DataSet data;
  data.path = path;
  data.name = path.filename();
  BDAAS_TRY(check_relative_name(data.name));
  BDAAS_TRY(check_hdfs_name(data.name));
  BDAAS_ASSIGN(const auto stamp, stamp_of(path));
  if (stamp.bytes == 0) {
    return fail(ErrorKind::invalid_argument, "path: '{}' is empty", path.native());
  }
  data.bytes = stamp.bytes;
  data.path_version = stamp.version;
  BDAAS_ASSIGN(auto known, known_in_place(call, data));
  if (!known) {
    BDAAS_ASSIGN(known, call.api.commands.add_data_set(call.user, std::move(data)));
  }
  auto location = "/v1/data/" + known->id.text;
  return Created<DataSet>{*std::move(known), std::move(location)};
}

Result<> remove_data(const Call& call, FromPath<DataSetId> id) {
  BDAAS_TRY(call.api.commands.remove_data_set(call.user, id.value));
  return remove_tree(call.api.dir.data() / id.value.text);
}

Result<HttpResponse> get_data_content(const Call& call, FromPath<DataSetId> id) {
  BDAAS_ASSIGN(const auto data, own_row<DataSet>(call, id.value));
  if (!data.path.empty()) {
    return fail(ErrorKind::failed_precondition,
                "the content of {} is not kept here: it lies in '{}' on the manager's machine",
                data.id.text, data.path);
  }
  const bool tree = data.shape == DataShape::tree;
  return answer_with_file(call.request,
                          {.path = call.api.dir.data() / data.id.text,
                           .media = tree ? "application/x-tar" : "application/octet-stream",
                           .name = tree ? data.name + ".tar" : data.name,
                           .sha256 = data.sha256});
}

}  // namespace

std::vector<Route> data_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(
      route("GET", "/v1/data", "list_data", "List data sets", list_data).may_fail({not_found}));
  routes.push_back(route("POST", "/v1/data", "use_in_place",
                         "Name a file that is read where it lies, when a job needs it; what was "
                         "changed since is refused then",
                         use_in_place)
                       .slow()
                       .may_fail({not_found, permission_denied, conflict}));
  routes.push_back(route("GET", "/v1/data/{id}", "get_data", "Describe a data set", get_data));
  routes.push_back(route("DELETE", "/v1/data/{id}", "remove_data",
                         "Remove a data set that no job uses", remove_data)
                       .slow()
                       .may_fail({conflict, failed_precondition}));
  routes.push_back(
      route("GET", "/v1/data/{id}/content", "get_data_content", "The file, or the tar of a tree",
            get_data_content)
          .may_answer({200, "application/octet-stream", nullptr, "a file", {"ETag"}})
          .may_answer({200, "application/x-tar", nullptr, "a tree", {"ETag"}})
          .may_answer(
              {206, "application/octet-stream", nullptr, "a part of it", {"Content-Range", "ETag"}})
          .may_answer(
              {206, "application/x-tar", nullptr, "a part of it", {"Content-Range", "ETag"}})
          .may_fail({failed_precondition})
          .takes_header({.name = "Range", .doc = "bytes=<first>-<last>"})
          .with_status(416));
  return routes;
}

}  // namespace bdaas::api
