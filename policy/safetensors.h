// The safetensors file format (https://github.com/huggingface/safetensors, "Format"): 8 bytes
// header length, a JSON header, then tensor data. Hostile files get an Error with file, tensor and
// rule.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/file.h"

namespace r1zero {

struct SafetensorsTensor {
  std::string dtype;  // "F32", "BF16", "F16"
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

using SafetensorsTensors = std::map<std::string, SafetensorsTensor>;

// The tensors of a whole file's bytes, which the spans point into; `where` names the file in errors.
SafetensorsTensors ParseSafetensors(std::span<const std::byte> bytes, const std::string& where);

// A mapped file; the spans live as long as it does.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  const std::filesystem::path& path() const { return path_; }
  const SafetensorsTensors& tensors() const { return tensors_; }
  // The tensor as float32 (converted from BF16 or F16); Error if the shape is another. What has been
  // read leaves this process' memory again: a model is never there twice.
  void ReadFloat32(const std::string& name, std::span<const int64_t> shape,
                   std::span<float> out) const;
  // As many of its elements as `out` has room for, from `first` on. Error if they are not all there.
  void ReadPart(const std::string& name, std::span<const int64_t> shape, size_t first,
                std::span<float> out) const;

 private:
  const SafetensorsTensor& Shaped(const std::string& name, std::span<const int64_t> shape) const;

  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsTensors tensors_;
};

struct Float32Tensor {
  std::string name;
  std::vector<int64_t> shape;
  std::span<const float> data;
};

// Written durably (temporary name, sync, rename), straight from the tensors. `metadata` goes into "__metadata__".
void WriteSafetensors(const std::filesystem::path& path, std::span<const Float32Tensor> tensors,
                      const std::map<std::string, std::string>& metadata);

}  // namespace r1zero
