#include "policy/device.h"

#include <ATen/Context.h>

#include "common/error.h"

namespace r1zero {

c10::Device FindDevice(const std::string& name) {
  Require(name == "cpu" || name == "cuda", "device: unknown '", name, "', expected cpu or cuda");
  Require(name == "cpu" || at::hasCUDA(),
          "device: cuda is not there: this libtorch finds no usable CUDA device; device = \"cpu\" "
          "works everywhere");
  return c10::Device(name);
}

}  // namespace r1zero
