#include "grpo/checkpoint.h"
