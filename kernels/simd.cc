#include "kernels/simd.h"

#include <cstdlib>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd.cc"
#include "common/error.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {
const char* ThisTargetName() { return hwy::TargetName(HWY_TARGET); }
}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {

HWY_EXPORT(ThisTargetName);

namespace {

std::vector<int64_t> UsableTargets() {
  std::vector<int64_t> usable;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets())
    if (target & HWY_TARGETS) usable.push_back(target);
  return usable;
}

void TakeTargetNamed(const std::string& name) {
  std::string names;
  for (const int64_t target : UsableTargets()) {
    if (hwy::TargetName(target) == name) return hwy::DisableTargets(~target);
    names += (names.empty() ? "" : " or ") + std::string(hwy::TargetName(target));
  }
  Fail("R1ZERO_SIMD is '", name, "', expected ", names, ", which this machine and build have");
}

void ChooseSimd() {
  Require(!UsableTargets().empty(),
          "this CPU has no fused multiply-add that the kernels can use; expected AVX2 with FMA, "
          "AVX-512 or NEON");
  const char* name = std::getenv("R1ZERO_SIMD");
  if (name != nullptr && *name != 0) TakeTargetNamed(name);
}

}  // namespace

void RequireSimd() {
  static const bool chosen = (ChooseSimd(), true);
  (void)chosen;
}

std::string SimdName() { return HWY_DYNAMIC_DISPATCH(ThisTargetName)(); }

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
