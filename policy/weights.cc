#include "policy/weights.h"
