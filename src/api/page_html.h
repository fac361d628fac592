#pragma once
// The two pages that are our own: what pages a cluster has, and the last look at one that is gone.
// No scripts, nothing from elsewhere. Pure.

#include <span>

#include "api/requests.h"
#include "model/pages.h"

namespace bdaas::api {

std::string escape_html(std::string_view text);

std::string pages_html(const ClusterId& cluster, std::span<const PageView> pages);

// `why`: what became of the page: "the cluster has ended".
std::string snapshot_html(const ClusterId& cluster, const PageSnapshot& snapshot,
                          std::string_view why);

}  // namespace bdaas::api
