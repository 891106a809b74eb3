// exp, log, sigmoid, sin and cos of this project: polynomials on fused multiply-adds, the same bits
// on every machine and in every vector width. The vector forms are in math-inl.h; the forms here
// are one lane of them.
#pragma once

namespace r1zero::kernels {

float Exp(
    float x);  // <= 1 ulp; 0 below -87.3 (no subnormal results); +inf above 88.7228; NaN stays
float Log(float x);      // <= 1 ulp, subnormals too; -inf at 0, NaN below, +inf at +inf; NaN stays
float Sigmoid(float x);  // 1 / (1 + Exp(-x)), <= 3 ulp
// Argument in radians, |x| <= 1e6, reduced in double; <= 1 ulp.
void SinCos(double x, float* sin, float* cos);

}  // namespace r1zero::kernels
