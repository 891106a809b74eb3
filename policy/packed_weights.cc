#include "policy/packed_weights.h"
