#include "grpo/grpo_config.h"
