#pragma once
// Content of <state dir>/manager.json: where the living manager is. Written by it, read by the
// command line.

#include <cstdint>
#include <string>
#include <tuple>

#include "base/fields.h"

namespace bdaas {

struct ManagerAddress {
  std::int64_t pid = 0;
  std::string address;
  std::int64_t port = 0;

  static constexpr auto fields() {
    return std::tuple{optional("pid", &ManagerAddress::pid, "of the living manager"),
                      required("address", &ManagerAddress::address, "it listens on"),
                      required("port", &ManagerAddress::port, "")};
  }
};

}  // namespace bdaas
