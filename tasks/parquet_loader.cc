#include "tasks/parquet_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr const char* kHint =
    "; ./quickstart fetches Apache Arrow and builds this library beside the programs, or convert "
    "the "
    "file: python3 tools/parquet_to_jsonl.py IN.parquet OUT.jsonl (needs pip install pyarrow)";

}  // namespace

R1zeroParquetReadFn LoadParquetReader(const std::string& path) {
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

}  // namespace r1zero
