#include "grpo/metrics.h"
