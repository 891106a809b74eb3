// policy/cpu_decoder.cc
