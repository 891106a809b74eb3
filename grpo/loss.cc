#include "grpo/loss.h"
