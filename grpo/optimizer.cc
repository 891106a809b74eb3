// grpo/optimizer.cc
