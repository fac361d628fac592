// Pages of engines, rewritten while they pass.

#include <vector>

#include "fuzz/fuzz.h"
#include "service/page_links.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bdaas;
  const PageLinks links{"/v1/clusters/c-1/pages/namenode",
                        {{"c-1-master:9870", "/v1/clusters/c-1/pages/namenode"}}};
  fuzz::same_in_pieces(fuzz::text_of(data, size), [&](const std::vector<std::string_view>& pieces) {
    HtmlRewriter rewriter(links);
    std::string all;
    for (const auto piece : pieces) all += rewriter.feed(piece);
    return all + rewriter.finish();
  });
  return 0;
}
