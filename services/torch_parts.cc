#include "services/torch_parts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <future>

#ifdef R1ZERO_TORCH_LIBRARY
#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/error.h"
#include "common/file.h"
#include "services/program.h"
#endif

// torch_library.cc
extern "C" const r1zero::TorchParts* R1zeroTorchParts();

namespace r1zero {
namespace {

constexpr int kLowPriority = 10;  // of 19

}  // namespace

#ifdef R1ZERO_TORCH_LIBRARY
namespace {

constexpr const char* kHint =
    "; it is built beside r1zero-learner: build all targets, and move them together";

std::string LibraryPath() { return PathBesideProgram(R1ZERO_TORCH_LIBRARY).string(); }

// A file that was cut off in the middle is mapped by dlopen without complaint, and touching what is
// missing would end the process. The table of sections stands at the end of what the linker writes.
void RequireWhole(const std::string& path) {
  const MappedFile file(path);
  Elf64_Ehdr header{};
  const size_t size = file.bytes().size();
  std::memcpy(&header, file.bytes().data(), std::min(size, sizeof header));
  Require(size >= sizeof header && std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0, path,
          ": is no library", kHint);
  const uint64_t end = header.e_shoff + uint64_t{header.e_shentsize} * header.e_shnum;
  Require(size >= end, path, ": has ", size, " bytes, expected ", end, "; it was cut off", kHint);
}

void RequireLibrary() {
  const std::string path = LibraryPath();
  const bool is_there = access(path.c_str(), R_OK) == 0;  // before errno is read
  Require(is_there, path, ": ", std::strerror(errno), kHint);
  RequireWhole(path);
}

const TorchParts& Load() {
  const std::string path = LibraryPath();
  void* const library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  const char* const why = library ? nullptr : dlerror();
  Require(library != nullptr, "cannot load ", why ? why : path, kHint);
  void* const build = dlsym(library, "R1zeroTorchBuild");
  void* const parts = dlsym(library, "R1zeroTorchParts");
  Require(build != nullptr && parts != nullptr, path, ": is no library of r1zero's", kHint);
  const std::string found = reinterpret_cast<const char* (*)()>(build)();
  Require(found == R1ZERO_BUILD, path, ": is of build ", found, "; this program is of ",
          R1ZERO_BUILD, kHint);
  return *reinterpret_cast<decltype(&R1zeroTorchParts)>(parts)();
}

}  // namespace

const TorchParts& Torch() {
  static const TorchParts& parts = Load();
  return parts;
}
#else
namespace {
void RequireLibrary() {}
}  // namespace

const TorchParts& Torch() { return *R1zeroTorchParts(); }
#endif

const TorchParts& TorchAtLowPriority() {
  // In a thread of its own, which ends: a priority once lowered cannot be raised again.
  return std::async(std::launch::async,
                    []() -> const TorchParts& {
                      setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLowPriority);
                      return Torch();
                    })
      .get();
}

void RequireDevice(const std::string& name) {
  RequireLibrary();
  if (name != "cpu") Torch().require_device(name);
}

}  // namespace r1zero
