#include "grpo/summary.h"
