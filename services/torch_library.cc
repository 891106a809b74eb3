// The library that torch_parts.cc loads. Of what r1zero-learner has itself it uses that one's copy.
#include "policy/device.h"
#include "policy/torch_decoder.h"
#include "services/torch_parts.h"

// Asked first: whether the two share types.
extern "C" const char* R1zeroTorchBuild() { return R1ZERO_BUILD; }

extern "C" const r1zero::TorchParts* R1zeroTorchParts() {
  static constexpr r1zero::TorchParts parts{
      .make_learner = r1zero::MakeLearner,
      .pretrain = r1zero::Pretrain,
      .make_decoder = r1zero::MakeTorchDecoder,
      .require_device = [](const std::string& name) { r1zero::FindDevice(name); }};
  return &parts;
}
