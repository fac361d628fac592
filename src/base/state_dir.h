#pragma once
// The on-disk tree of one installation, drawn once. Root: $BDAAS_HOME, default ~/.local/share/bdaas
// (0700).
//
//   <root>/
//     installation            InstallationId, written at the first start
//     manager.lock            held by the living manager
//     manager.json            {"pid", "address", "port"} of the living manager (0600)
//     token                   API token of the local user (0600)
//     bdaas.db                rows and history
//     manager.log             bounded
//     programs/<sha256>       contents, shared by equal programs
//     data/<data set id>      one file: the content, or the tar
//     uploads/<upload id>     unfinished tus uploads and their .json
//     results/<result id>.tar.gz
//     steps/<step id>/{stdout,stderr}   what the driver printed, as followed (bounded)
//     history/                Spark event logs that outlive their cluster
//     history-server/         configuration and scratch of the History Server that shows them
//     pages/<cluster id>/     last snapshots of the pages of its engines
//     machines/<lease id>/    nodes of the local provider
//     loans/<lease id>.json   hosts that the provider ssh has borrowed
//     known_hosts             SSH keys that hosts have shown
//     ssh/                    of those, what the programs of OpenSSH are given for one call
//     gates/                  sockets of a moment, see net/dial_gate.h
//     packages/<sha256>/      releases, content-addressed; may be shared: $BDAAS_PACKAGES
//     releases/<name>.json    what a fetched release resolved to

#include "base/files.h"

namespace bdaas {

struct StateDir {
  fs::path root;
  fs::path packages_root;  // $BDAAS_PACKAGES or root/"packages"

  fs::path installation() const { return root / "installation"; }
  fs::path lock() const { return root / "manager.lock"; }
  fs::path manager() const { return root / "manager.json"; }
  fs::path token() const { return root / "token"; }
  fs::path database() const { return root / "bdaas.db"; }
  fs::path log() const { return root / "manager.log"; }
  fs::path programs() const { return root / "programs"; }
  fs::path data() const { return root / "data"; }
  fs::path uploads() const { return root / "uploads"; }
  fs::path results() const { return root / "results"; }
  fs::path steps() const { return root / "steps"; }
  fs::path history() const { return root / "history"; }
  fs::path history_server() const { return root / "history-server"; }
  fs::path pages() const { return root / "pages"; }
  fs::path machines() const { return root / "machines"; }
  fs::path loans() const { return root / "loans"; }
  fs::path known_hosts() const { return root / "known_hosts"; }
  fs::path ssh() const { return root / "ssh"; }
  fs::path gates() const { return root / "gates"; }
  fs::path packages() const { return packages_root; }
  fs::path releases() const { return root / "releases"; }
};

}  // namespace bdaas
