#pragma once
// One page out of a running engine, for a browser. Any thread.

#include "model/pages.h"
#include "net/http_client.h"
#include "service/page_links.h"

namespace bdaas {

struct PageTarget {
  std::string url;  // of the server and the page
  std::shared_ptr<const HostMap> hosts;
  PageLinks links;
};

// Blocks until the head of the answer is there. HTML comes with its links turned, everything else
// as it is; an answer that is still coming has a thread of its own, at most 1 MiB ahead of its
// reader. Errors: unavailable, deadline_exceeded and others of HttpClient.
Result<PageAnswer> fetch_page(std::shared_ptr<HttpClient> client, PageTarget target,
                              const PageRequest& request);

}  // namespace bdaas
