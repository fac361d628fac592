#include "provider/ec2/cluster_access.h"

#include <algorithm>

#include "base/digest.h"
#include "base/directory.h"
#include "base/os_error.h"
#include "provider/ec2/tags.h"

namespace bdaas::ec2 {

namespace {

// For names of files and of things in EC2.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string digest_of(const std::string& public_key) {
  return sha256_hex(public_key).substr(0, 32);
}

// It is fine when somebody was faster: both wanted the same.
Result<> or_exists(Result<std::string> made) {
  if (made.ok() || made.error().kind == ErrorKind::conflict) return {};
  return std::move(made).error();
}

Result<> or_gone(Result<std::string> removed) {
  if (removed.ok() || removed.error().kind == ErrorKind::not_found) return {};
  return std::move(removed).error();
}

// What was just made may not be known everywhere in EC2; a moment later it is.
Error not_yet(Error error) {
  if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::unavailable;
  return error;
}

bool is_before(const std::vector<Tag>& tags, Time before) {
  const auto created = from_rfc3339(tag_value(tags, kCreatedTag));
  return !created.ok() || *created < before;
}

void add(const ClusterId& cluster, bool old, Leftovers& left) {
  if (old) left.old.insert(cluster);
  left.has_younger = left.has_younger || !old;
}

}  // namespace

std::string AccessKeeper::name_of(const ClusterId& cluster) const {
  return fmt::format("bdaas-{}-{}", options_.installation.text, cluster.text);
}

std::vector<Tag> AccessKeeper::tags_of(const ClusterId& cluster) const {
  return {{"Name", name_of(cluster)},
          {kInstallationTag, options_.installation.text},
          {kClusterTag, cluster.text},
          {kCreatedTag, to_rfc3339(clock_.now())}};
}

Result<ClusterAccess> AccessKeeper::ensure(const ClusterId& cluster, const std::string& vpc_id) {
  if (!is_plain(cluster.text) || !is_plain(options_.installation.text)) {
    return fail(ErrorKind::invalid_argument, "'{}' of '{}' cannot be a name in EC2",
                printable(cluster.text), printable(options_.installation.text));
  }
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(cluster);
  if (found != known_.end()) return found->second;
  ClusterAccess access{.key_name = name_of(cluster), .group_id = {}, .login = {}, .host = {}};
  BDAAS_ASSIGN(access.login, key_of(cluster, "login"));
  BDAAS_ASSIGN(access.host, key_of(cluster, "host"));
  BDAAS_TRY(ensure_key_pair(cluster, access.login.public_key));
  BDAAS_ASSIGN(access.group_id, ensure_group(cluster, vpc_id));
  known_[cluster] = access;
  return access;
}

Result<SshKeyPair> AccessKeeper::key_of(const ClusterId& cluster, const std::string& name) const {
  const auto dir = options_.keys / cluster.text;
  const auto secret = read_file(dir / name, 64 * 1024);
  auto open = read_file(dir / (name + ".pub"), 64 * 1024);
  if (secret.ok() && open.ok()) {
    while (open->ends_with('\n')) open->pop_back();
    return SshKeyPair{Secret<std::string>(*secret), *std::move(open)};
  }
  BDAAS_ASSIGN(auto made, make_ssh_key(cluster.text));
  BDAAS_TRY(make_directory(dir, 0700));
  BDAAS_TRY(write_file(dir / name, made.private_key.reveal(), 0600, true));
  BDAAS_TRY(write_file(dir / (name + ".pub"), made.public_key + "\n", 0600, true));
  return made;
}

Result<> AccessKeeper::ensure_key_pair(const ClusterId& cluster, const std::string& public_key) {
  const auto name = name_of(cluster);
  auto filters = filters_of(options_.installation, cluster);
  filters.push_back({"key-name", {name}});
  BDAAS_ASSIGN(const auto keys, query_.all<KeyPair>(describe_form("DescribeKeyPairs", filters)));
  for (const auto& key : keys) {
    if (tag_value(key.tags, kKeyTag) == digest_of(public_key)) return {};
    // Our files were lost, and the key with them; machines that know it keep it.
    BDAAS_TRY(
        or_gone(query_.call({{"Action", "DeleteKeyPair"}, {"KeyName", name}}, CallKind::changes)));
  }
  auto tags = tags_of(cluster);
  tags.push_back({kKeyTag, digest_of(public_key)});
  return or_exists(query_.call(import_key_form(name, public_key, tags), CallKind::changes));
}

Result<std::string> AccessKeeper::ensure_group(const ClusterId& cluster,
                                               const std::string& vpc_id) {
  const auto name = name_of(cluster);
  auto filters = filters_of(options_.installation, cluster);
  filters.push_back({"group-name", {name}});
  filters.push_back({"vpc-id", {vpc_id}});
  BDAAS_ASSIGN(const auto groups,
               query_.all<SecurityGroup>(describe_form("DescribeSecurityGroups", filters)));
  SecurityGroup group;
  if (groups.empty()) {
    auto body = query_.call(create_group_form(name, vpc_id, tags_of(cluster)), CallKind::changes);
    if (!body.ok() && body.error().kind == ErrorKind::conflict) {
      return fail(ErrorKind::unavailable, "EC2 does not show the security group {} yet", name);
    }
    if (!body.ok()) return std::move(body).error();
    BDAAS_ASSIGN(group.id, parse_group_id(*body));
  } else {
    group = groups.front();
  }
  auto ruled = ensure_rules(group);
  if (!ruled.ok()) return not_yet(std::move(ruled).error());
  return group.id;
}

Result<> AccessKeeper::ensure_rules(const SecurityGroup& group) {
  BDAAS_TRY(or_exists(query_.call(allow_inside_form(group.id), CallKind::changes)));
  const auto& wanted = options_.allow_from;
  if (std::ranges::find(group.ssh_from, wanted) == group.ssh_from.end()) {
    BDAAS_TRY(or_exists(query_.call(allow_ssh_form(group.id, wanted), CallKind::changes)));
  }
  for (const auto& cidr : group.ssh_from) {
    if (cidr == wanted) continue;
    BDAAS_TRY(or_gone(query_.call(revoke_ssh_form(group.id, cidr), CallKind::changes)));
  }
  return {};
}

Result<> AccessKeeper::remove_all(const ClusterId& cluster) {
  if (!is_plain(cluster.text)) return {};  // a tag that somebody else wrote: no file is named so
  known_.erase(cluster);
  BDAAS_TRY(or_gone(query_.call({{"Action", "DeleteKeyPair"}, {"KeyName", name_of(cluster)}},
                                CallKind::changes)));
  BDAAS_ASSIGN(const auto groups,
               query_.all<SecurityGroup>(describe_form(
                   "DescribeSecurityGroups", filters_of(options_.installation, cluster))));
  for (const auto& group : groups) {
    BDAAS_TRY(or_gone(query_.call({{"Action", "DeleteSecurityGroup"}, {"GroupId", group.id}},
                                  CallKind::changes)));
  }
  return remove_tree(options_.keys / cluster.text);
}

Result<Leftovers> AccessKeeper::leftovers(Time before) {
  const auto ours = filters_of(options_.installation);
  BDAAS_ASSIGN(const auto groups,
               query_.all<SecurityGroup>(describe_form("DescribeSecurityGroups", ours)));
  BDAAS_ASSIGN(const auto keys, query_.all<KeyPair>(describe_form("DescribeKeyPairs", ours)));
  Leftovers left;
  const auto look_at = [&](const std::vector<Tag>& tags) {
    const ClusterId cluster{tag_value(tags, kClusterTag)};
    if (is_plain(cluster.text)) add(cluster, is_before(tags, before), left);
  };
  for (const auto& group : groups) look_at(group.tags);
  for (const auto& key : keys) look_at(key.tags);
  add_local_leftovers(before, left);
  return left;
}

void AccessKeeper::add_local_leftovers(Time before, Leftovers& left) const {
  const auto entries = list_directory(options_.keys);
  if (!entries.ok()) return;  // what cannot be read now is read the next time
  for (const auto& entry : *entries) {
    std::error_code error;
    const auto written = fs::last_write_time(entry, error);
    if (error || !is_plain(entry.filename().native())) continue;
    const auto at = std::chrono::time_point_cast<Millis>(std::chrono::file_clock::to_sys(written));
    add({entry.filename().native()}, at < before, left);
  }
}

void AccessKeeper::forget(const ClusterId& cluster) {
  const std::lock_guard lock(mutex_);
  known_.erase(cluster);
}

}  // namespace bdaas::ec2
