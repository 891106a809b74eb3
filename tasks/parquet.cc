#include "tasks/parquet.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "common/error.h"
#include "tasks/parquet_loader.h"
#include "tasks/spool.h"

namespace r1zero {
namespace {

constexpr int64_t kMaxMemory = int64_t{1} << 30;

// Of text that a file may become: a small one that unfolds without end is no data set.
int64_t MaxText(const std::string& path) {
  constexpr int64_t kFree = int64_t{1} << 30, kTimes = 256, kMost = int64_t{1} << 36;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path));
  return size > kMost / kTimes ? kMost : std::min(kMost, kFree + kTimes * size);
}

std::string LibraryPath() {
  return std::filesystem::read_symlink("/proc/self/exe")
      .replace_filename("libr1zero-parquet.so")
      .string();
}

R1zeroParquetReadFn Reader(const std::string& path) {
  try {
    static const R1zeroParquetReadFn read = LoadParquetReader(LibraryPath());
    return read;
  } catch (const Error& e) {
    Fail(path, ": no reader for Parquet: ", e.what());
  }
}

// What goes wrong while a row is taken; nothing may be thrown through the library.
struct Taking {
  Spool& spool;
  std::string fault;
};

bool TakeRow(void* context, const char* text, size_t size) {
  auto& taking = *static_cast<Taking*>(context);
  try {
    taking.spool.Add({text, size});
    return true;
  } catch (const std::exception& e) {
    taking.fault = e.what();
    return false;
  }
}

// What else the file may be. Parquet begins and ends with PAR1.
std::string HintFor(const std::string& path) {
  constexpr std::string_view kMagic = "PAR1";
  std::ifstream file(path, std::ios::binary);
  std::array<char, kMagic.size()> begin{}, end{};
  file.read(begin.data(), begin.size());
  if (std::string_view(begin.data(), begin.size()) != kMagic)
    return "; it does not begin as Parquet does: is it JSON? Then its name must not end with "
           ".parquet";
  file.seekg(-static_cast<int>(kMagic.size()), std::ios::end).read(end.data(), end.size());
  const bool is_whole = std::string_view(end.data(), end.size()) == kMagic;
  return is_whole ? "" : "; it does not end as Parquet does: was it cut off?";
}

}  // namespace

MappedFile ParquetAsJsonl(const std::string& path, std::span<const std::string> columns) {
  const R1zeroParquetReadFn read = Reader(path);
  Require(access(path.c_str(), R_OK) == 0 && std::filesystem::is_regular_file(path), path,
          ": cannot be opened: no such file, or no right to read");
  std::vector<const char*> names;
  for (const std::string& column : columns) names.push_back(column.c_str());
  Spool spool(MaxText(path));
  Taking taking{spool, ""};
  const R1zeroParquetRequest request{path.c_str(), names.data(), names.size(),
                                     kMaxMemory,   &taking,      TakeRow};
  std::array<char, 512> error{};
  const bool read_whole = read(&request, error.data(), error.size());
  Require(taking.fault.empty(), path, ": ", taking.fault);
  Require(read_whole, path, ": cannot be read as Parquet: ", error.data(), HintFor(path));
  return spool.Map();
}

}  // namespace r1zero
