#include "grpo/json_file.h"

#include "common/error.h"
#include "common/file.h"
#include "common/json_fault.h"
#include "common/log.h"

namespace r1zero {

Json ReadJson(const std::filesystem::path& path) try {
  return Json::parse(ReadFile(path));
} catch (const Json::exception& e) {
  Fail(path.string(), ": not valid JSON: ", JsonFault(e.what()));
}

std::vector<Json> ReadJsonLines(const std::filesystem::path& path) {
  std::vector<Json> objects;
  if (!std::filesystem::exists(path)) return objects;
  const std::string text = ReadFile(path);
  size_t begin = 0;
  for (int64_t line = 1; begin < text.size(); ++line) {
    const size_t end = text.find('\n', begin);
    Json object = Json::parse(std::string_view(text).substr(begin, end - begin), nullptr,
                              /*allow_exceptions=*/false);
    if (end == text.npos && object.is_discarded()) {
      LogWarning(path.string(), ": line ", line, " is torn; it is left out");
      break;
    }
    Require(object.is_object(), path.string(), ": line ", line, " is not a JSON object");
    objects.push_back(std::move(object));
    if (end == text.npos) break;
    begin = end + 1;
  }
  return objects;
}

std::string ToLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace r1zero
