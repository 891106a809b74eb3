#include "tasks/parquet.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <vector>

#include "common/error.h"
#include "tasks/parquet_abi.h"
#include "tasks/spool.h"

namespace r1zero {
namespace {

constexpr int64_t kMaxMemory = int64_t{1} << 30;
constexpr const char* kLibrary = "libr1zero-parquet.so";
constexpr const char* kHint =
    "; ./quickstart fetches Apache Arrow and builds this library beside the programs, or convert "
    "the "
    "file: python3 tools/parquet_to_jsonl.py IN.parquet OUT.jsonl (needs pip install pyarrow)";

std::string LibraryPath() {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(kLibrary).string();
}

R1zeroParquetReadFn Load() {
  const std::string path = LibraryPath();
  Require(access(path.c_str(), R_OK) == 0, path, " is not there", kHint);
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const char* const why = library ? nullptr : dlerror();
  Require(library != nullptr, "cannot load ", why ? why : path, kHint);
  const auto abi = reinterpret_cast<R1zeroParquetAbiFn>(dlsym(library, "R1zeroParquetAbi"));
  const auto read = reinterpret_cast<R1zeroParquetReadFn>(dlsym(library, "R1zeroParquetRead"));
  Require(abi && read, path, " is no library of r1zero's", kHint);
  Require(abi() == kR1zeroParquetAbi, path, " is of another version (", abi(), ", expected ",
          int{kR1zeroParquetAbi}, ")", kHint);
  return read;
}

R1zeroParquetReadFn Reader(const std::string& path) {
  try {
    static const R1zeroParquetReadFn read = Load();
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

}  // namespace

MappedFile ParquetAsJsonl(const std::string& path, std::span<const std::string> columns) {
  const R1zeroParquetReadFn read = Reader(path);
  Require(access(path.c_str(), R_OK) == 0, path,
          ": cannot be opened: no such file, or no right to read");
  std::vector<const char*> names;
  for (const std::string& column : columns) names.push_back(column.c_str());
  Spool spool;
  Taking taking{spool, ""};
  const R1zeroParquetRequest request{path.c_str(), names.data(), names.size(),
                                     kMaxMemory,   &taking,      TakeRow};
  std::array<char, 512> error{};
  const bool read_whole = read(&request, error.data(), error.size());
  Require(taking.fault.empty(), path, ": ", taking.fault);
  Require(read_whole, path, ": not a Parquet file that can be read: ", error.data());
  return spool.Map();
}

}  // namespace r1zero
