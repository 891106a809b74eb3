#include "kernels/math.h"

#include <cmath>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/math.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

float ExpOne(float x) {
  const Float1 d;
  return hn::GetLane(Exp(d, hn::Set(d, x)));
}
float LogOne(float x) {
  const Float1 d;
  return hn::GetLane(Log(d, hn::Set(d, x)));
}
float SigmoidOne(float x) {
  const Float1 d;
  return hn::GetLane(Sigmoid(d, hn::Set(d, x)));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(ExpOne);
HWY_EXPORT(LogOne);
HWY_EXPORT(SigmoidOne);

// Taylor series on |r| <= pi / 4; the first term left out is below 2^-37.
double SinSeries(double r) {
  const double z = r * r;
  double p = -1.0 / 39916800;
  p = std::fma(p, z, 1.0 / 362880);
  p = std::fma(p, z, -1.0 / 5040);
  p = std::fma(p, z, 1.0 / 120);
  p = std::fma(p, z, -1.0 / 6);
  return std::fma(p * z, r, r);
}
double CosSeries(double r) {
  const double z = r * r;
  double p = 1.0 / 479001600;
  p = std::fma(p, z, -1.0 / 3628800);
  p = std::fma(p, z, 1.0 / 40320);
  p = std::fma(p, z, -1.0 / 720);
  p = std::fma(p, z, 1.0 / 24);
  p = std::fma(p, z, -0.5);
  return std::fma(p, z, 1.0);
}

}  // namespace

float Exp(float x) { return HWY_DYNAMIC_DISPATCH(ExpOne)(x); }
float Log(float x) { return HWY_DYNAMIC_DISPATCH(LogOne)(x); }
float Sigmoid(float x) { return HWY_DYNAMIC_DISPATCH(SigmoidOne)(x); }

void SinCos(double x, float* sin, float* cos) {
  const double n = std::nearbyint(x * 0x1.45f306dc9c883p-1);  // x / (pi / 2)
  double r = std::fma(-n, 0x1.921fb54442d18p+0, x);           // pi / 2, its first 53 bits
  r = std::fma(-n, 0x1.1a62633145c07p-54, r);                 // and the next
  const float s = static_cast<float>(SinSeries(r));
  const float c = static_cast<float>(CosSeries(r));
  const int quadrant = static_cast<int>(static_cast<int64_t>(n) & 3);
  *sin = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
  *cos = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
