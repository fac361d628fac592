#pragma once
// A file of ours as an answer: streamed, with ranges and an entity tag (RFC 9110, 14).

#include <string>

#include "api/http.h"
#include "base/files.h"

namespace bdaas::api {

struct FileAnswer {
  fs::path path;
  std::string media;   // Content-Type
  std::string name;    // proposed to who saves it
  std::string sha256;  // of the content, for the entity tag
};

// not_found when the file is gone. 200, 206 or 416.
Result<HttpResponse> answer_with_file(const HttpRequest& request, const FileAnswer& file);

}  // namespace bdaas::api
