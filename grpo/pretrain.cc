#include "grpo/pretrain.h"
