#include "provider/ec2/catalog.h"

#include <algorithm>
#include <array>

#include "base/os_error.h"

namespace bdaas::ec2 {

namespace {

constexpr std::string_view kArm = "arm64";
constexpr std::string_view kIntel = "x86_64";

// Who publishes a system's images, and what they are called. The owners are the accounts that each
// names in its own documentation: Debian (wiki.debian.org/Cloud/AmazonEC2Image), Canonical
// (documentation.ubuntu.com/aws), Amazon.
struct SystemRow {
  Ec2System system;
  const char* owner;
  const char* intel;
  const char* arm;
};
constexpr auto kSystems = std::to_array<SystemRow>({
    {Ec2System::debian_12, "136693071363", "debian-12-amd64-*", "debian-12-arm64-*"},
    {Ec2System::ubuntu_22_04, "099720109477",
     "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
     "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*"},
    {Ec2System::ubuntu_24_04, "099720109477",
     "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
     "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*"},
    {Ec2System::amazon_linux_2023, "137112412989", "al2023-ami-2023.*-x86_64",
     "al2023-ami-2023.*-arm64"},
});

const SystemRow& row_of(Ec2System system) {
  return *std::ranges::find(kSystems, system, &SystemRow::system);
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

}  // namespace

std::vector<Place> Catalog::places() const {
  std::vector<Place> places;
  for (const auto& subnet : options_.subnets) places.push_back({subnet, ""});
  if (!places.empty()) return places;
  for (const auto& zone : options_.zones) places.push_back({"", zone});
  if (places.empty()) places.push_back({});
  return places;
}

Result<std::vector<InstanceType>> Catalog::types() {
  const std::lock_guard lock(mutex_);
  if (types_.empty()) {
    BDAAS_ASSIGN(types_, ask_types());
  }
  return types_;
}

Result<std::vector<InstanceType>> Catalog::ask_types() {
  Form form = describe_form("DescribeInstanceTypes", {});
  add_list(form, "InstanceType", options_.instance_types);
  BDAAS_ASSIGN(const auto answer, query_.all<InstanceType>(form));
  std::vector<InstanceType> types;
  for (const auto& name : options_.instance_types) {
    const auto found = std::ranges::find(answer, name, &InstanceType::name);
    if (found == answer.end()) {
      BDAAS_ASSIGN(const auto region, query_.region());
      return fail(ErrorKind::invalid_argument, "{} has no instance type '{}'", region,
                  printable(name));
    }
    types.push_back(*found);
  }
  if (types.empty()) return fail(ErrorKind::invalid_argument, "no EC2 instance type is named");
  return types;
}

Result<Image> Catalog::image(const InstanceType& type) {
  const std::string architecture(has(type.architectures, kArm) ? kArm : kIntel);
  const std::lock_guard lock(mutex_);
  const auto found = images_.find(architecture);
  if (found != images_.end()) return found->second;
  BDAAS_ASSIGN(auto image, ask_image(architecture));
  if (!image.architecture.empty() && image.architecture != architecture) {
    return fail(ErrorKind::invalid_argument,
                "the image {} is for {} and {} machines are {}: name another image or type",
                image.id, image.architecture, type.name, architecture);
  }
  images_[architecture] = image;
  return image;
}

Result<Image> Catalog::ask_image(const std::string& architecture) {
  BDAAS_ASSIGN(const auto region, query_.region());
  Form form;
  if (!options_.image_id.empty()) {
    form = describe_form("DescribeImages", {});
    form.emplace_back("ImageId.1", options_.image_id);
  } else {
    const auto& row = row_of(options_.system);
    form = describe_form("DescribeImages", {{"name", {architecture == kArm ? row.arm : row.intel}},
                                            {"architecture", {architecture}},
                                            {"state", {"available"}}});
    form.emplace_back("Owner.1", row.owner);
  }
  BDAAS_ASSIGN(auto images, query_.all<Image>(form));
  std::erase_if(images, [](const Image& image) { return image.state != "available"; });
  const auto newest = std::ranges::max_element(images, {}, &Image::created);
  if (newest != images.end()) return *newest;
  if (!options_.image_id.empty()) {
    return fail(ErrorKind::invalid_argument,
                "{} has no image '{}' that can be started: every region has ids of its own", region,
                printable(options_.image_id));
  }
  return fail(ErrorKind::invalid_argument, "{} has no image of {} for {}: name an image", region,
              to_text(options_.system), architecture);
}

Result<std::string> Catalog::vpc_id() {
  const std::lock_guard lock(mutex_);
  if (vpc_id_.empty()) {
    BDAAS_ASSIGN(vpc_id_, ask_vpc());
  }
  return vpc_id_;
}

Result<std::string> Catalog::ask_vpc() {
  BDAAS_ASSIGN(const auto region, query_.region());
  if (options_.subnets.empty()) {
    BDAAS_ASSIGN(const auto ids, query_.all<std::string>(
                                     describe_form("DescribeVpcs", {{"is-default", {"true"}}})));
    if (!ids.empty()) return ids.front();
    return fail(ErrorKind::failed_precondition,
                "{} has no default network in this account: name a subnet", region);
  }
  Form form = describe_form("DescribeSubnets", {});
  add_list(form, "SubnetId", options_.subnets);
  BDAAS_ASSIGN(const auto subnets, query_.all<Subnet>(form));
  for (const auto& name : options_.subnets) {
    const auto found = std::ranges::find(subnets, name, &Subnet::id);
    if (found == subnets.end()) {
      return fail(ErrorKind::invalid_argument, "{} has no subnet '{}'", region, printable(name));
    }
    if (found->vpc_id != subnets.front().vpc_id) {
      return fail(ErrorKind::invalid_argument,
                  "the subnets {} and {} lie in different networks: name those of one",
                  subnets.front().id, found->id);
    }
  }
  return subnets.front().vpc_id;
}

}  // namespace bdaas::ec2
