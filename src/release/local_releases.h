#pragma once
// The releases of this machine: what model/releases.h promises, with packages below one directory.
//
//   <packages>/
//     <package key>/     files of one package and its manifest.json; whole or not at all
//
//     <class data key>/  classes.jsa
//
//     .lock              held by the one who fetches
//
//     .tmp/              what is being made; removed by the next fetch
//
// Equal packages of two releases, and of two users who share <packages>, lie there once.

#include <memory>

#include "model/releases.h"
#include "release/host_tools.h"

namespace bdaas {

// packages: absolute; StateDir::packages(). Made when first needed.
std::unique_ptr<Releases> make_releases(const fs::path& packages, HostTools tools,
                                        ReleaseCatalog catalog);

// Facts of the first release that can be started from, for what is the same in all of them.
// Archives and templates may be missing: in shared packages a user cannot make them, and they only
// save time. failed_precondition: there is none; why not.
Result<ReleaseFacts> any_release(Releases& releases);

}  // namespace bdaas
