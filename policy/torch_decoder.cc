#include "policy/torch_decoder.h"
