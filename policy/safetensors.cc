#include "policy/safetensors.h"
