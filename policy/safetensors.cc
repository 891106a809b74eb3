#include "policy/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/error.h"
#include "common/large_file.h"
#include "policy/json.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr size_t kPieceFloats = size_t{1} << 18;  // mapped at a time while a tensor is read
constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr size_t kMostExtents = 8;                 // no tensor of a policy has more than 2
constexpr int64_t kMaxTensorBytes = int64_t{1} << 50;

std::string ShapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (const int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

int64_t DtypeBytes(const std::string& dtype, const std::string& where) {
  if (dtype == "F32") return 4;
  if (dtype == "BF16" || dtype == "F16") return 2;
  Fail(where, " has dtype ", Shown(dtype), ", which is not supported; expected F32, BF16 or F16");
}

int64_t NonNegative(const json& value, const std::string& where, const char* what) {
  const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{1} << 62;
  Require(fits, where, ": ", what, " is ", Shown(value), ", expected a whole number from 0");
  return value.get<int64_t>();
}

// The header between the length and the data, as JSON.
json ReadHeader(std::span<const std::byte> bytes, const std::string& where, size_t& data_start) {
  Require(bytes.size() >= kLengthBytes, where, ": ", bytes.size(),
          " bytes are too short for a safetensors file, which starts with an 8-byte length");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  Require(length <= kMaxHeaderBytes, where, ": header length ", length, " is above the limit of ",
          kMaxHeaderBytes, " bytes; is this a safetensors file?");
  Require(length <= bytes.size() - kLengthBytes, where, ": header length ", length,
          " goes beyond the end of the file (", bytes.size(), " bytes)");
  data_start = kLengthBytes + length;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  Require(text.starts_with('{'), where, ": the header does not start with '{'");
  return ParseJson(text, where + ": header");
}

void CheckMetadata(const json& metadata, const std::string& where) {
  Require(metadata.is_object(), where, ": __metadata__ is not an object");
  for (const auto& [key, value] : metadata.items())
    Require(value.is_string(), where, ": __metadata__ ", key, " is ", Shown(value),
            ", expected text");
}

struct Entry {
  std::string name;
  SafetensorsTensor tensor;
  int64_t begin = 0, end = 0;  // into the data
};

// The shape, and that its product times the dtype's size is the length of the data.
void CheckShape(const Entry& entry, const std::string& where) {
  int64_t bytes = DtypeBytes(entry.tensor.dtype, where);
  const bool is_empty = std::ranges::count(entry.tensor.shape, 0) > 0;
  for (const int64_t extent : entry.tensor.shape) {
    Require(is_empty || extent <= kMaxTensorBytes / bytes, where, " has shape ",
            ShapeText(entry.tensor.shape), ", which overflows");
    bytes = is_empty ? 0 : bytes * extent;
  }
  Require(entry.end - entry.begin == bytes, where, " of shape ", ShapeText(entry.tensor.shape),
          " and dtype ", entry.tensor.dtype, " takes ", bytes, " bytes, but data_offsets cover ",
          entry.end - entry.begin);
}

Entry ReadEntry(const std::string& name, const json& value, const std::string& file) {
  const std::string where = file + ": tensor " + name;
  Require(value.is_object() && value.size() == 3 && value.contains("dtype") &&
              value.contains("shape") && value.contains("data_offsets"),
          where, " is ", Shown(value), ", expected exactly dtype, shape and data_offsets");
  const json& dtype = value["dtype"];
  const json& shape = value["shape"];
  const json& offsets = value["data_offsets"];
  Require(dtype.is_string(), where, " has dtype ", Shown(dtype), ", expected text");
  Require(shape.is_array() && shape.size() <= kMostExtents, where, " has shape ", Shown(shape),
          ", expected a list of at most ", kMostExtents, " numbers");
  Require(offsets.is_array() && offsets.size() == 2, where, " has data_offsets ", Shown(offsets),
          ", expected [begin, end]");
  Entry entry{.name = name, .tensor = {.dtype = dtype.get<std::string>()}};
  for (const json& extent : shape)
    entry.tensor.shape.push_back(NonNegative(extent, where, "an extent of its shape"));
  entry.begin = NonNegative(offsets[0], where, "data_offsets begin");
  entry.end = NonNegative(offsets[1], where, "data_offsets end");
  Require(entry.begin <= entry.end, where, " has data_offsets ", Shown(offsets),
          ": the end is before the begin");
  CheckShape(entry, where);
  return entry;
}

// The tensors must cover the data from its first byte to its last, one after another.
void CheckCover(std::vector<Entry>& entries, int64_t data_bytes, const std::string& file) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t covered = 0;
  for (const Entry& entry : entries) {
    Require(entry.begin == covered, file, ": tensor ", entry.name, " begins at byte ", entry.begin,
            entry.begin < covered ? ", which overlaps the tensor before, which ends at "
                                  : ", which leaves a hole after ",
            covered);
    covered = entry.end;
  }
  Require(covered == data_bytes, file, ": the tensors take ", covered, " bytes, but ", data_bytes,
          " follow the header", covered > data_bytes ? "; was the file cut off?" : "");
}

float FloatFromBfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

float FloatFromHalf(uint16_t bits) {
  const uint32_t sign = uint32_t{bits} >> 15 << 31;
  const uint32_t exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

template <typename Convert>
void Widen(std::span<const std::byte> data, std::span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, data.data() + 2 * i, 2);
    out[i] = convert(bits);
  }
}

size_t WidthOf(const SafetensorsTensor& tensor) { return tensor.dtype == "F32" ? 4 : 2; }

}  // namespace

SafetensorsTensors ParseSafetensors(std::span<const std::byte> bytes, const std::string& where) {
  size_t data_start = 0;
  const json header = ReadHeader(bytes, where, data_start);
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__")
      CheckMetadata(value, where);
    else
      entries.push_back(ReadEntry(name, value, where));
  }
  const std::span<const std::byte> data = bytes.subspan(data_start);
  CheckCover(entries, static_cast<int64_t>(data.size()), where);
  SafetensorsTensors tensors;
  for (Entry& entry : entries) {
    entry.tensor.data = data.subspan(entry.begin, entry.end - entry.begin);
    tensors.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return tensors;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), file_(path), tensors_(ParseSafetensors(file_.bytes(), path.string())) {}

const SafetensorsTensor& SafetensorsFile::Shaped(const std::string& name,
                                                 std::span<const int64_t> shape) const {
  const auto it = tensors_.find(name);
  Require(it != tensors_.end(), path_.string(), ": tensor ", name, " is missing");
  Require(std::ranges::equal(it->second.shape, shape), path_.string(), ": tensor ", name,
          " has shape ", ShapeText(it->second.shape), ", expected ", ShapeText(shape),
          "; was it written for another model config?");
  return it->second;
}

void SafetensorsFile::ReadFloat32(const std::string& name, std::span<const int64_t> shape,
                                  std::span<float> out) const {
  const SafetensorsTensor& tensor = Shaped(name, shape);
  const size_t numbers = tensor.data.size() / WidthOf(tensor);
  Require(out.size() == numbers, path_.string(), ": tensor ", name, " has ", numbers,
          " numbers, room was made for ", out.size());
  for (size_t first = 0; first < numbers; first += kPieceFloats)
    ReadPart(name, shape, first, out.subspan(first, std::min(kPieceFloats, numbers - first)));
}

void SafetensorsFile::ReadPart(const std::string& name, std::span<const int64_t> shape,
                               size_t first, std::span<float> out) const {
  const SafetensorsTensor& tensor = Shaped(name, shape);
  const size_t width = WidthOf(tensor), numbers = tensor.data.size() / width;
  Require(first <= numbers && out.size() <= numbers - first, path_.string(), ": tensor ", name,
          " has ", numbers, " numbers, asked for ", out.size(), " from ", first, " on");
  const std::span<const std::byte> part = tensor.data.subspan(first * width, out.size() * width);
  if (tensor.dtype == "F32" && !out.empty()) std::memcpy(out.data(), part.data(), part.size());
  if (tensor.dtype == "BF16") Widen(part, out, FloatFromBfloat16);
  if (tensor.dtype == "F16") Widen(part, out, FloatFromHalf);
  file_.Forget(part);
}

void WriteSafetensors(const std::filesystem::path& path, std::span<const Float32Tensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
  std::vector<const Float32Tensor*> by_name;
  for (const Float32Tensor& tensor : tensors) by_name.push_back(&tensor);
  std::ranges::sort(by_name, {}, [](const Float32Tensor* tensor) { return tensor->name; });

  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const Float32Tensor* tensor : by_name) {
    Require(!header.contains(tensor->name), path.string(), ": two tensors named ", tensor->name);
    const size_t end = offset + tensor->data.size_bytes();
    header[tensor->name] = {
        {"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data are aligned

  const uint64_t length = text.size();
  // From where they lie: a copy would be as large as the policy.
  std::vector<std::string_view> parts = {{reinterpret_cast<const char*>(&length), kLengthBytes},
                                         text};
  for (const Float32Tensor* tensor : by_name)
    parts.emplace_back(reinterpret_cast<const char*>(tensor->data.data()),
                       tensor->data.size_bytes());
  WriteFileDurably(path, parts);
}

}  // namespace r1zero
