#include "policy/folder_files.h"

#include "common/error.h"
#include "common/file.h"
#include "common/sha256.h"
#include "policy/config_reader.h"
#include "policy/json.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr const char* kKept[] = {
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "LICENSE",
};

// The tokens may have been joined with those of generation_config.json.
bool SaysTheSame(const std::string& text, const ModelConfig& config) {
  const ModelConfig read =
      FromConfigJson(text, "config.json", FolderFile(config.files, "generation_config.json"));
  return read == config;
}

}  // namespace

FolderFiles ReadFolderFiles(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const char* name : kKept)
    if (const fs::path path = folder / name; fs::exists(path)) {
      Require(fs::is_regular_file(path), path.string(), ": not a regular file");
      files[name] = ReadFile(path, kMaxFileBytes);
    }
  return {std::make_shared<const std::map<std::string, std::string>>(std::move(files))};
}

const std::string& FolderFile(const FolderFiles& files, const std::string& name) {
  static const std::string none;
  if (files.by_name == nullptr) return none;
  const auto at = files.by_name->find(name);
  return at == files.by_name->end() ? none : at->second;
}

std::string FolderConfigJson(const ModelConfig& config) {
  const std::string& text = FolderFile(config.files, "config.json");
  if (text.empty() || !SaysTheSame(text, config)) return ToConfigJson(config);
  ordered_json root = ordered_json::parse(text);
  for (const char* name : {"torch_dtype", "dtype"})
    if (root.contains(name)) root[name] = "float32";
  return root.dump(2) + "\n";
}

void CheckFolderManifest(const fs::path& folder) {
  const fs::path path = folder / "manifest.json";
  if (!fs::exists(path)) return;
  const json root = ParseJson(ReadFile(path, kMaxFileBytes), path.string());
  if (!root.is_object() || !root.contains("sha256") || !root["sha256"].is_object()) return;
  for (const auto& [name, expected] : root["sha256"].items()) {
    if (name.find('/') != name.npos) continue;  // state/ of the trainer
    Require(fs::is_regular_file(folder / name), (folder / name).string(), " is missing; ",
            path.string(), " names it");
    const std::string found = Sha256HexOfFile(folder / name);
    Require(expected == found, (folder / name).string(), ": SHA-256 is ", found, ", ",
            path.string(), " says ", Shown(expected));
  }
}

}  // namespace r1zero
