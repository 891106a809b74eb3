#include "kernels/simd.h"

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

void RequireSimd() {
  Require((hwy::SupportedTargets() & (HWY_TARGETS)) != 0,
          "this CPU has no fused multiply-add that the kernels can use; expected AVX2 with FMA, "
          "AVX-512 or NEON");
}

std::string SimdName() { return HWY_DYNAMIC_DISPATCH(ThisTargetName)(); }

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
