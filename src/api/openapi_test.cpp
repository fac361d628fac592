// The description itself; that the server keeps to it is tried by schemathesis (tests/api).

#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/routes.h"

namespace bdaas::api {
namespace {

void collect_references(const json::value& value, std::set<std::string>& found) {
  if (value.is_array()) {
    for (const auto& item : value.get_array()) collect_references(item, found);
  } else if (value.is_object()) {
    for (const auto& item : value.get_object()) {
      if (item.key() == "$ref") found.emplace(item.value().as_string());
      collect_references(item.value(), found);
    }
  }
}

class OpenApi : public testing::Test {
 protected:
  const json::object description_ = describe_api(all_routes(), "1.2.3");
  const json::object& schemas_ =
      description_.at("components").as_object().at("schemas").as_object();

  const json::object& schema(std::string_view name) const { return schemas_.at(name).as_object(); }
  const json::object& operation(std::string_view path, std::string_view method) const {
    return description_.at("paths").as_object().at(path).as_object().at(method).as_object();
  }
};

TEST_F(OpenApi, EveryReferenceLeadsSomewhere) {
  std::set<std::string> found;
  collect_references(description_, found);
  EXPECT_GT(found.size(), 20u);
  for (const auto& reference : found) {
    const std::string prefix = "#/components/schemas/";
    ASSERT_TRUE(reference.starts_with(prefix));
    EXPECT_TRUE(schemas_.contains(reference.substr(prefix.size()))) << reference;
  }
}

TEST_F(OpenApi, EveryRowIsThereUnderItsOwnName) {
  std::set<std::string_view> names;
  for (const auto& route : all_routes()) {
    EXPECT_TRUE(names.insert(route.name).second) << route.name;
    if (route.pages || !route.path.starts_with("/v1/")) continue;  // see docs/api.md
    std::string method(route.method);
    for (auto& c : method) c = static_cast<char>(c | 0x20);
    const auto& described = operation(route.path, method);
    EXPECT_EQ(described.at("operationId").as_string(), route.name);
    EXPECT_FALSE(route.answers.empty()) << route.name;
  }
}

TEST_F(OpenApi, NounsHaveReadableNames) {
  for (const auto* name :
       {"Job", "JobStateStatus", "JobPage", "NodeViewItems", "ClusterSpec", "ErrorAnswer"}) {
    EXPECT_TRUE(schemas_.contains(name)) << name;
  }
  for (const auto& item : schemas_) {
    EXPECT_EQ(std::string_view(item.key()).find_first_of(":<> "), std::string_view::npos)
        << item.key();
  }
}

TEST_F(OpenApi, FieldListsEnumTablesAndRulesBecomeSchemas) {
  const auto& spec = schema("ClusterSpec");
  EXPECT_EQ(spec.at("required"), json::value(json::array{"workers"}));
  EXPECT_FALSE(spec.at("additionalProperties").as_bool());
  const auto& properties = spec.at("properties").as_object();
  EXPECT_EQ(properties.size(), std::tuple_size_v<decltype(ClusterSpec::fields())>);
  const auto& workers = properties.at("workers").as_object();
  EXPECT_EQ(workers.at("minimum"), 1);
  EXPECT_EQ(workers.at("maximum"), 1000);
  EXPECT_EQ(properties.at("comet").as_object().at("default"), true);
  EXPECT_EQ(schema("Scheduler").at("enum"), json::value({"yarn", "standalone"}));
  EXPECT_EQ(schema("JobSpec").at("properties").as_object().at("program").as_object().at("pattern"),
            "^p-[a-z0-9]{12}$");
  EXPECT_EQ(schema("NodeView").at("properties").as_object().at("id").as_object().at("pattern"),
            "^n-[a-z0-9]{12}-[0-9]+$");
}

TEST_F(OpenApi, RulesNameFieldsThatExist) {
  const auto check = []<class T>(std::string_view name, std::type_identity<T>) {
    for (const auto& rule : kRules<T>) {
      bool found = false;
      for_each_field<T>([&](const auto& field) { found |= field.name == rule.field; });
      EXPECT_TRUE(found) << name << "." << rule.field;
    }
  };
  check("ClusterSpec", std::type_identity<ClusterSpec>{});
  check("StepSpec", std::type_identity<StepSpec>{});
  check("JobSpec", std::type_identity<JobSpec>{});
  check("UploadSpec", std::type_identity<UploadSpec>{});
  check("ResizeRequest", std::type_identity<ResizeRequest>{});
  check("PageQuery", std::type_identity<PageQuery>{});
  check("EventQuery", std::type_identity<EventQuery>{});
  check("LogQuery", std::type_identity<LogQuery>{});
}

TEST_F(OpenApi, QueriesPathsAndErrorsAreDescribed) {
  const auto& list = operation("/v1/clusters/{id}/steps", "get");
  std::set<std::string> parameters;
  for (const auto& item : list.at("parameters").as_array()) {
    parameters.emplace(item.as_object().at("name").as_string());
  }
  EXPECT_EQ(parameters, (std::set<std::string>{"id", "after", "limit"}));
  for (const auto* status : {"200", "400", "401", "403", "404", "500"}) {
    EXPECT_TRUE(list.at("responses").as_object().contains(status)) << status;
  }
  EXPECT_TRUE(operation("/v1/health", "get").at("security").as_array().empty());
  EXPECT_FALSE(operation("/v1/jobs", "get").contains("security"));
}

}  // namespace
}  // namespace bdaas::api
