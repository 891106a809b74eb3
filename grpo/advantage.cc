#include "grpo/advantage.h"
