#pragma once
// For tests: as much of EC2 as Ec2Provider speaks to, with the faults that moto does not have: lost
// answers, refusals, machines that are listed late and addresses that come late, ClientToken.

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "net/http_test_server.h"
#include "net/url.h"
#include "provider/ec2/requests.h"

namespace bdaas::ec2 {

class TestEc2 {
 public:
  using Values = std::map<std::string, std::string>;

  struct Machine {
    std::string id;
    std::string client_token;
    std::string type;
    std::string group;
    Values tags;
    std::string state = "running";
    int hidden = 0;          // so many lists do not show it
    int without_public = 0;  // so many lists show it pending and without its public address
  };

  enum class Fault { none, refuse, lose_request, lose_answer };
  struct Planned {
    Fault fault = Fault::none;
    std::string code;  // of a refusal
    int hidden = 0;
    int without_public = 0;
  };

  std::string url() const { return server_.url(); }

  // For the next RunInstances that are no dry runs, one after the other.
  void plan(Planned planned) {
    const std::lock_guard lock(mutex_);
    planned_.push_back(std::move(planned));
  }
  void refuse_dry_runs(std::string code) {
    const std::lock_guard lock(mutex_);
    dry_run_code_ = std::move(code);
  }
  void set_page(std::size_t machines) {
    const std::lock_guard lock(mutex_);
    page_ = machines;
  }
  void slow_end() {  // terminated machines stay shutting-down and hold their group
    const std::lock_guard lock(mutex_);
    slow_end_ = true;
  }
  void end_all() {
    const std::lock_guard lock(mutex_);
    for (auto& machine : machines_) machine.state = "terminated";
  }

  std::vector<Machine> machines() const {
    const std::lock_guard lock(mutex_);
    return machines_;
  }
  std::map<std::string, Values> groups() const {
    const std::lock_guard lock(mutex_);
    return groups_;
  }
  std::set<std::string> keys() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> names;
    for (const auto& [name, tags] : keys_) names.insert(name);
    return names;
  }
  int count(const std::string& action) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(action);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  using Connection = HttpTestServer::Connection;

  static Values form_of(std::string body) {
    std::ranges::replace(body, '+', ' ');
    return form_of(std::string_view(body));
  }
  static Values form_of(std::string_view body) {
    Values form;
    while (!body.empty()) {
      const auto pair = body.substr(0, body.find('&'));
      body.remove_prefix(std::min(pair.size() + 1, body.size()));
      const auto equals = pair.find('=');
      form[std::string(pair.substr(0, equals))] = *percent_decode(pair.substr(equals + 1));
    }
    return form;
  }

  static std::string value(const Values& form, const std::string& name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string() : found->second;
  }

  static Values tags_of(const Values& form) {
    Values tags;
    for (int i = 1;; ++i) {
      const auto prefix = fmt::format("TagSpecification.1.Tag.{}.", i);
      if (!form.contains(prefix + "Key")) return tags;
      tags[value(form, prefix + "Key")] = value(form, prefix + "Value");
    }
  }

  static bool fits(const Values& form, const std::string& name, const Values& tags) {
    for (int i = 1;; ++i) {
      const auto filter = value(form, fmt::format("Filter.{}.Name", i));
      if (filter.empty()) return true;
      const auto wanted = value(form, fmt::format("Filter.{}.Value.1", i));
      if (filter == "tag-key" && !tags.contains(wanted)) return false;
      if (filter.starts_with("tag:") && value(tags, filter.substr(4)) != wanted) return false;
      if ((filter == "key-name" || filter == "group-name") && name != wanted) return false;
    }
  }

  static std::string tag_set(const Values& tags) {
    std::string xml = "<tagSet>";
    for (const auto& [key, text] : tags) {
      xml += fmt::format("<item><key>{}</key><value>{}</value></item>", key, text);
    }
    return xml + "</tagSet>";
  }

  static std::string machine_xml(const Machine& machine) {
    const bool pending = machine.state == "running" && machine.without_public > 0;
    return fmt::format(
        "<item><instanceId>{0}</instanceId><instanceState><name>{1}</name></instanceState>"
        "<instanceType>{2}</instanceType><privateIpAddress>10.0.0.{3}</privateIpAddress>{4}{5}"
        "</item>",
        machine.id, pending ? "pending" : machine.state, machine.type, machine.id.substr(2),
        pending ? "" : fmt::format("<ipAddress>203.0.113.{}</ipAddress>", machine.id.substr(2)),
        tag_set(machine.tags));
  }

  static std::string answer(const std::string& action, const std::string& inside) {
    return fmt::format("<{0}Response>{1}</{0}Response>", action, inside);
  }

  static void refuse(Connection& connection, const std::string& code, int status = 400) {
    connection.answer(status,
                      fmt::format("<Response><Errors><Error><Code>{}</Code><Message>It is so."
                                  "</Message></Error></Errors></Response>",
                                  code));
  }

  void serve(Connection& connection, const HttpTestServer::Request& request) {
    const auto form = form_of(std::string(request.body));
    const auto action = value(form, "Action");
    const std::lock_guard lock(mutex_);
    ++counts_[value(form, "DryRun").empty() ? action : "DryRun"];
    if (action == "RunInstances") return run(connection, form);
    if (action == "TerminateInstances") return terminate(connection, form);
    if (action == "DeleteSecurityGroup") return delete_group(connection, value(form, "GroupId"));
    connection.answer(200, answer(action, inside_of(action, form)));
  }

  std::string inside_of(const std::string& action, const Values& form) {
    if (action == "DescribeInstances") return list(form);
    if (action == "DescribeVpcs") return "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>";
    if (action == "DescribeImages") {
      return "<imagesSet><item><imageId>ami-1</imageId><imageState>available</imageState>"
             "<rootDeviceName>/dev/xvda</rootDeviceName></item></imagesSet>";
    }
    if (action == "DescribeInstanceTypes") return types(form);
    if (action == "ImportKeyPair") keys_[value(form, "KeyName")] = tags_of(form);
    if (action == "DeleteKeyPair") keys_.erase(value(form, "KeyName"));
    if (action == "CreateSecurityGroup") {
      groups_["sg-" + value(form, "GroupName")] = tags_of(form);
      return fmt::format("<groupId>sg-{}</groupId>", value(form, "GroupName"));
    }
    std::string inside;
    if (action == "DescribeKeyPairs") {
      for (const auto& [name, tags] : keys_) {
        if (!fits(form, name, tags)) continue;
        inside += fmt::format("<item><keyName>{}</keyName>{}</item>", name, tag_set(tags));
      }
      return "<keySet>" + inside + "</keySet>";
    }
    if (action == "DescribeSecurityGroups") {
      for (const auto& [id, tags] : groups_) {
        if (!fits(form, id.substr(3), tags)) continue;
        inside += fmt::format("<item><groupId>{}</groupId>{}</item>", id, tag_set(tags));
      }
      return "<securityGroupInfo>" + inside + "</securityGroupInfo>";
    }
    return "<return>true</return>";
  }

  static std::string types(const Values& form) {
    std::string items;
    for (int i = 1; form.contains(fmt::format("InstanceType.{}", i)); ++i) {
      const auto name = value(form, fmt::format("InstanceType.{}", i));
      items += fmt::format(
          "<item><instanceType>{}</instanceType><vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo>"
          "<memoryInfo><sizeInMiB>4096</sizeInMiB></memoryInfo></item>",
          name);
    }
    return "<instanceTypeSet>" + items + "</instanceTypeSet>";
  }

  std::string list(const Values& form) {
    const auto token = value(form, "NextToken");
    std::size_t at = token.empty() ? 0 : std::stoul(token);
    std::string items;
    std::size_t shown = 0;
    for (; at < machines_.size() && shown < page_; ++at) {
      auto& machine = machines_[at];
      if (!fits(form, machine.id, machine.tags) || machine.hidden-- > 0) continue;
      items += machine_xml(machine);
      --machine.without_public;
      ++shown;
    }
    return fmt::format(
        "<reservationSet><item><instancesSet>{}</instancesSet></item>"
        "</reservationSet>{}",
        items, at < machines_.size() ? fmt::format("<nextToken>{}</nextToken>", at) : "");
  }

  void run(Connection& connection, const Values& form) {
    if (!value(form, "DryRun").empty()) {
      return refuse(connection, dry_run_code_, dry_run_code_ == "DryRunOperation" ? 412 : 403);
    }
    Planned planned;
    if (!planned_.empty()) {
      planned = planned_.front();
      planned_.pop_front();
    }
    if (planned.fault == Fault::refuse) return refuse(connection, planned.code);
    if (planned.fault == Fault::lose_request) return connection.close();
    const auto token = value(form, "ClientToken");
    auto known = std::ranges::find(machines_, token, &Machine::client_token);
    if (known == machines_.end()) {
      machines_.push_back({.id = fmt::format("i-{}", machines_.size() + 1),
                           .client_token = token,
                           .type = value(form, "InstanceType"),
                           .group = value(form, "SecurityGroupId.1"),
                           .tags = tags_of(form),
                           .hidden = planned.hidden,
                           .without_public = planned.without_public});
      known = std::prev(machines_.end());
    }
    if (planned.fault == Fault::lose_answer) return connection.close();
    connection.answer(
        200, answer("RunInstances", "<instancesSet>" + machine_xml(*known) + "</instancesSet>"));
  }

  void terminate(Connection& connection, const Values& form) {
    for (auto& machine : machines_) {
      for (int i = 1; form.contains(fmt::format("InstanceId.{}", i)); ++i) {
        if (value(form, fmt::format("InstanceId.{}", i)) != machine.id) continue;
        machine.state = slow_end_ ? "shutting-down" : "terminated";
      }
    }
    connection.answer(200, answer("TerminateInstances", "<instancesSet/>"));
  }

  void delete_group(Connection& connection, const std::string& id) {
    const bool used = std::ranges::any_of(machines_, [&](const Machine& machine) {
      return machine.group == id && machine.state != "terminated";
    });
    if (used) return refuse(connection, "DependencyViolation");
    groups_.erase(id);
    connection.answer(200, answer("DeleteSecurityGroup", "<return>true</return>"));
  }

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Machine> machines_;
  std::map<std::string, Values> groups_;
  std::map<std::string, Values> keys_;
  std::map<std::string, int> counts_;
  std::deque<Planned> planned_;
  std::string dry_run_code_ = "DryRunOperation";
  std::size_t page_ = 1'000;
  bool slow_end_ = false;
  HttpTestServer server_{HttpTestServer::each(
      [this](auto& connection, const auto& request) { serve(connection, request); })};
};

}  // namespace bdaas::ec2
