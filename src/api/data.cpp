// Data sets: one file, or one tar of many. They come in by uploads.cpp.

#include "api/file_answer.h"
#include "api/routes.h"

namespace bdaas::api {

namespace {

Result<Page<DataSet>> list_data(const Call& call, FromQuery<PageQuery> page) {
  return own_page<DataSet>(call, page.value);
}

Result<DataSet> get_data(const Call& call, FromPath<DataSetId> id) {
  return own_row<DataSet>(call, id.value);
}

Result<> remove_data(const Call& call, FromPath<DataSetId> id) {
  BDAAS_TRY(call.api.commands.remove_data_set(call.user, id.value));
  return remove_tree(call.api.dir.data() / id.value.text);
}

Result<HttpResponse> get_data_content(const Call& call, FromPath<DataSetId> id) {
  BDAAS_ASSIGN(const auto data, own_row<DataSet>(call, id.value));
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
          .takes_header({.name = "Range", .doc = "bytes=<first>-<last>"})
          .with_status(416));
  return routes;
}

}  // namespace bdaas::api
