#include "policy/weight_files.h"

#include <set>

#include "common/error.h"
#include "policy/json.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxIndexBytes = size_t{256} << 20;

bool IsPlainName(const std::string& name) {
  return !name.starts_with('.') && name.ends_with(".safetensors") && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

}  // namespace

std::map<std::string, std::string> ParseWeightIndex(const std::string& text,
                                                    const std::string& where) {
  const json root = ParseJson(text, where);
  Require(root.is_object() && root.contains("weight_map") && root["weight_map"].is_object(), where,
          ": expected an object with a weight_map, found ", Shown(root));
  std::map<std::string, std::string> index;
  for (const auto& [tensor, file] : root["weight_map"].items()) {
    Require(file.is_string() && IsPlainName(file.get<std::string>()), where, ": tensor ", tensor,
            " is in the file ", Shown(file),
            ", expected the name of a .safetensors file in the same folder");
    index.emplace(tensor, file.get<std::string>());
  }
  Require(!index.empty(), where, ": weight_map is empty");
  return index;
}

namespace {

std::string WhereElse(const fs::path& folder) {
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (fs::exists(folder / other))
      return "; " + (folder / other).string() +
             " is not read: let transformers save it again, as safetensors";
  return "";
}

}  // namespace

WeightFiles::WeightFiles(const fs::path& folder) : where_((folder / kWeightFile).string()) {
  std::map<std::string, std::string> index;
  std::set<std::string> names = {kWeightFile};
  if (!fs::exists(folder / kWeightFile) && fs::exists(folder / kWeightIndex)) {
    where_ = (folder / kWeightIndex).string();
    index = ParseWeightIndex(ReadFile(where_, kMaxIndexBytes), where_);
    names.clear();
    for (const auto& [tensor, file] : index) names.insert(file);
  }
  for (const std::string& name : names) {
    Require(fs::exists(folder / name), (folder / name).string(), " is missing",
            index.empty() ? WhereElse(folder) : "; " + where_ + " names it");
    files_.emplace_back(folder / name);
    for (const auto& [tensor, data] : files_.back().tensors()) {
      const auto [at, is_new] = file_of_.emplace(tensor, files_.size() - 1);
      Require(is_new, where_, ": tensor ", tensor, " is in two files, ",
              files_[at->second].path().filename().string(), " and ", name);
    }
  }
  if (!index.empty()) CheckIndex(index);
}

void WeightFiles::CheckIndex(const std::map<std::string, std::string>& index) const {
  for (const auto& [tensor, file] : index) {
    const SafetensorsFile* found = Find(tensor);
    Require(found != nullptr && found->path().filename() == file, where_, ": tensor ", tensor,
            " is said to be in ", file, ", but it is ",
            found ? "in " + found->path().filename().string() : "in none of the files");
  }
  for (const auto& [tensor, file] : file_of_)
    Require(index.contains(tensor), where_, ": tensor ", tensor, " of ",
            files_[file].path().filename().string(), " is not in weight_map");
}

const SafetensorsFile* WeightFiles::Find(const std::string& tensor) const {
  const auto at = file_of_.find(tensor);
  return at == file_of_.end() ? nullptr : &files_[at->second];
}

}  // namespace r1zero
