// The safetensors files of a Hugging Face model folder: model.safetensors, or the shards that
// model.safetensors.index.json names.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "policy/safetensors.h"

namespace r1zero {

constexpr const char* kWeightFile = "model.safetensors";
constexpr const char* kWeightIndex = "model.safetensors.index.json";

// Which file has each tensor: the weight_map of an index. Error with `where`, tensor and rule; a file
// is one of the same folder: its name has no '/', is not hidden, and ends with .safetensors.
std::map<std::string, std::string> ParseWeightIndex(const std::string& json,
                                                    const std::string& where);

// All files mapped, as one set of tensors.
class WeightFiles {
 public:
  // As transformers, takes the single file if both are there. Error if there is none, if a file that
  // the index names is missing, if a tensor is not in the file that the index says, is in another
  // one, or in two.
  explicit WeightFiles(const std::filesystem::path& folder);

  // The file that has the tensor, or null.
  const SafetensorsFile* Find(const std::string& tensor) const;
  const std::vector<SafetensorsFile>& files() const { return files_; }
  // Names the file or index where a tensor would have to be.
  const std::string& where() const { return where_; }

 private:
  void CheckIndex(const std::map<std::string, std::string>& index) const;

  std::string where_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, size_t> file_of_;  // by tensor
};

}  // namespace r1zero
