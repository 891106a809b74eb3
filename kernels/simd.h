// The instruction sets that the kernels are built for: AVX2 with FMA, AVX-512 or NEON. All of them
// give the same bits; the best one that the machine has is chosen at run time. AVX2 and AVX-512 are
// what the tests have been run on. NEON has not been: of it only attention was, emulated, built by GCC 12 with
// -march=armv8-a+crypto, without which that compiler refuses the kernels.
//
// The environment variable R1ZERO_SIMD takes another one that the machine has, by its name below
// ("AVX2" on a machine with AVX-512): to show that the bits are the same, or to spare the clock.
#pragma once

#include <string>

namespace r1zero::kernels {

// Throws Error on a machine that has none of them, or not the one that R1ZERO_SIMD names.
// ThreadPool's constructor calls it, so a kernel that takes a pool need not.
void RequireSimd();

// The instruction set in use, in Highway's words: "AVX2", "AVX3" (AVX-512), "NEON".
std::string SimdName();

}  // namespace r1zero::kernels
