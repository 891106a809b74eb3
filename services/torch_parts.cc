#include "services/torch_parts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <future>

#ifdef R1ZERO_TORCH_LIBRARY
#include <dlfcn.h>

#include "common/error.h"
#include "services/program.h"
#endif

extern "C" const r1zero::TorchParts* R1zeroTorchParts();  // torch_library.cc

namespace r1zero {
namespace {

constexpr int kLowPriority = 10;  // of 19

}  // namespace

#ifdef R1ZERO_TORCH_LIBRARY
namespace {

const TorchParts& Load() {
  const std::string path = PathBesideProgram(R1ZERO_TORCH_LIBRARY).string();
  void* const library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  const char* const why = library ? nullptr : dlerror();
  Require(library != nullptr, "cannot load ", why ? why : path,
          "; it is built beside r1zero-learner: build all targets, and move them together");
  void* const parts = dlsym(library, "R1zeroTorchParts");
  Require(parts != nullptr, path, " is of another release: it has no R1zeroTorchParts");
  return *reinterpret_cast<decltype(&R1zeroTorchParts)>(parts)();
}

}  // namespace

const TorchParts& Torch() {
  static const TorchParts& parts = Load();
  return parts;
}
#else
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
  if (name != "cpu") Torch().require_device(name);
}

}  // namespace r1zero
