// Runs a computation on every SIMD target that was built and that this machine has.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "hwy/highway.h"
#include "kernels/simd.h"

namespace r1zero::kernels {

// Calls run() once for each target, with that target alone enabled, best target first.
template <typename Run>
void ForEachSimdTarget(const Run& run) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    SCOPED_TRACE(SimdName());
    EXPECT_EQ(SimdName(), hwy::TargetName(target));
    run();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

template <typename Buffer>
bool SameBits(const Buffer& a, const Buffer& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
}

// Expects compute(), which returns a vector of floats, to give the same bits on every target.
template <typename Compute>
void ExpectSameBitsOnEveryTarget(const Compute& compute) {
  const auto expected = compute();
  ForEachSimdTarget([&] { EXPECT_TRUE(SameBits(compute(), expected)); });
}

}  // namespace r1zero::kernels
