#include "grpo/trainer.h"
