// kernels/_cpu.cc
