// exp, log, sin and cos of this project: polynomials on fused multiply-adds, the same bits on every
// machine and in every vector width. The vector forms are in math-inl.h and agree bit for bit.
#pragma once

namespace r1zero::kernels {

float Exp(float x);   // <= 2 ulp; 0 below -87.3 (no subnormal results); +inf above 88.7; NaN stays NaN
float Log(float x);   // <= 2 ulp; -inf at 0, NaN below
float Sigmoid(float x);  // 1 / (1 + Exp(-x))
// Argument in radians, |x| <= 1e6; reduced in double, <= 2 ulp.
void SinCos(double x, float* sin, float* cos);

}  // namespace r1zero::kernels
